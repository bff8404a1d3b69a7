package bench

import "time"

// What a part does in a measurement.
const (
	partSource = "source" // sends as fast as it can
	partRelay  = "relay"  // sends on what it receives
	partSink   = "sink"   // receives
	partPing   = "ping"   // sends one and waits for it to come back
	partPace   = "pace"   // sends at fixed times
	partWatch  = "watch"  // receives, and looks how late each one is
	partIdle   = "idle"   // is there
)

// part is what one process does.
type part struct {
	Kind string
	Outs []int // the processes it sends to, by their index
	Ins  []int // the processes it receives from
}

// starts reports whether a part begins by itself: it is started last.
func (p part) starts() bool {
	return p.Kind == partSource || p.Kind == partPing || p.Kind == partPace
}

// The floors there are; see package floor.
const (
	floorPing  = "cache-line ping-pong"
	floorSleep = "futex ping-pong"
	floorOnce  = "bare stream, slots one by one"
	floorBatch = "bare stream, slots in 64s"
	floorBlock = "bare ring, blocks filled and read whole"
	floorPace  = "bare slot at a fixed rate"
	floorGob   = "persistent gob pair, its slower half"
)

// plan is a measurement between processes: what each of them is told.
type plan struct {
	Options Options
	Parts   []part
	Floor   string
	Turn    bool // a message goes to one of the targets, not to all
	Garbage bool // the receiver allocates
	Peer    peerPlan
	Index   int // of the process that is told
}

func (p *plan) part() part { return p.Parts[p.Index] }

// latency reports whether the plan measures times and not rates.
func (p *plan) latency() bool {
	switch p.Parts[0].Kind {
	case partPing, partPace:
		return true
	}
	return false
}

// ring returns the number of the floor's ring from one process to another: the
// place of that pair in the list of all.
func (p *plan) ring(from, to int) int {
	n := 0
	for i, part := range p.Parts {
		for _, out := range part.Outs {
			if i == from && out == to {
				return n
			}
			n++
		}
	}
	return -1
}

// rings returns how many pairs there are.
func (p *plan) rings() int {
	n := 0
	for _, part := range p.Parts {
		n += len(part.Outs)
	}
	return max(n, 1)
}

// interval returns the time between two messages of a fixed rate, and how many
// there are in a run.
func (p *plan) interval(duration time.Duration) (time.Duration, int64) {
	interval := max(time.Second/time.Duration(p.Options.Rate), 1)
	return interval, max(int64(duration/interval), 1)
}

// streamFloor returns the floor of a flow of messages.
func streamFloor(o Options) string {
	switch {
	case o.Codec == CodecGob:
		return floorGob
	case o.Size >= blockFrom:
		return floorBlock
	case o.Batch > 1:
		return floorBatch
	}
	return floorOnce
}

// floorUnit returns the unit of a floor's value.
func floorUnit(name string) string {
	switch name {
	case floorPing, floorSleep, floorPace, floorList:
		return "ns"
	}
	return "msgs/s"
}

// What the processes of a measurement say to each other.
type (
	// setup comes first: who everybody is. The floor's memory has come before.
	setup struct{ IDs []uint64 }

	// command starts one phase.
	command struct {
		Floor    bool
		Duration time.Duration
		Limit    time.Duration // from here on the process is taken to hang
	}

	// ack answers both.
	ack struct{ OK bool }

	// askCount asks a receiver for the messages it has received in all runs,
	// and count is the reply.
	askCount struct{}
	count    struct{ Received int64 }

	// report is how a phase went, for one process.
	report struct {
		Index      int
		Begin, End int64 // nanoseconds on the common clock
		Sent       int64
		Received   int64
		Rate       float64 // of a floor that knows it by itself
		CPU        float64 // seconds
		Elapsed    float64 // seconds
		Mallocs    uint64
		Calls      uint64 // system calls made by the engine
		Histogram  []byte // latencies in nanoseconds; nil where none were taken
		Problem    *trouble
	}

	// sample is one measured run with the floors around it.
	sample struct {
		Value         float64 // messages per second, or nanoseconds
		Before, After float64
		Messages      int64
		Seconds       float64
		CPU           []float64 // percent of a core, by process
		Mallocs       uint64
		Calls         uint64
		Histogram     []byte
	}

	// trouble is what ended a measurement.
	trouble struct {
		Text             string
		Damaged, Stalled bool
	}
)
