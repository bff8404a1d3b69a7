package bench

// garbage is a heap that the collector has to work on: many small objects with
// pointers, of which each message replaces some. The zero value makes none.
type garbage struct {
	live []*object
	next int
}

// object is 512 bytes with a pointer to 64 more.
type object struct {
	rest *[64]byte
	_    [504]byte
}

// Sizes of the heap and of what a message makes: 64 MiB, and 1 KiB.
const (
	liveObjects       = 1 << 17
	objectsPerMessage = 2
)

func (g *garbage) fill() {
	g.live = make([]*object, liveObjects)
	for i := range g.live {
		g.live[i] = &object{rest: new([64]byte)}
	}
}

func (g *garbage) make() {
	if g.live == nil {
		return
	}
	for range objectsPerMessage {
		// A step that shares no factor with the size comes by everywhere.
		g.next = (g.next + 40_503) % len(g.live)
		g.live[g.next] = &object{rest: new([64]byte)}
	}
}
