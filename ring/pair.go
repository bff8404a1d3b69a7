package ring

import (
	"fmt"
	"os"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Pair is the memory for two ports, in one segment: what two processes need
// that talk to each other without a supervisor. One creates it and hands its
// descriptor to the other (exec.Cmd.ExtraFiles, or a socket), which opens it.
// Both map all of it for writing, so neither is protected from the other.
type Pair struct {
	segment  *shm.Segment
	geometry Geometry
}

// The segment of a pair: bells, then the inbox and the outbox of each side, all
// at multiples of a page. A pair is of kind outbox, with a geometry of two
// slots in its header.
func pairLayout(g Geometry) (inbox, outbox [2]int, size int) {
	size = pages(shm.HeaderSize) + pages(g.BellsSize())
	for side := range 2 {
		inbox[side] = size
		size += pages(g.InboxSize())
		outbox[side] = size
		size += pages(g.OutboxSize())
	}
	return inbox, outbox, size
}

// CreatePair makes the memory for two ports with the given geometry; its Slots
// are set to two. The zero geometry gives the default sizes. The errors are
// [ErrGeometry] and those of [shm.Create].
func CreatePair(g Geometry) (*Pair, error) {
	if g == (Geometry{}) {
		g = DefaultGeometry(2)
	}
	g.Slots = 2
	if err := g.Check(); err != nil {
		return nil, err
	}
	_, _, size := pairLayout(g)
	segment, err := shm.Create("pair", shm.Header{Kind: shm.KindOutbox, Size: int64(size), Params: g.Params()})
	if err != nil {
		return nil, err
	}
	segment.Publish()
	return &Pair{segment: segment, geometry: g}, nil
}

// OpenPair maps a pair that another process created. It takes over the file. The
// errors are those of [shm.Open], and [ErrGeometry] when the segment is none of
// a pair.
func OpenPair(file *os.File) (*Pair, error) {
	segment, err := shm.Open(file, "pair", shm.KindOutbox, true)
	if err != nil {
		return nil, err
	}
	g, err := pairGeometry(segment)
	if err != nil {
		segment.Close()
		return nil, err
	}
	return &Pair{segment: segment, geometry: g}, nil
}

// pairGeometry returns the sizes that a pair's header states, checked.
func pairGeometry(segment *shm.Segment) (Geometry, error) {
	g, err := GeometryFrom(segment.Header().Params)
	if err != nil {
		return g, err
	}
	if g.Slots != 2 {
		return g, fmt.Errorf("%w: a pair has 2 slots, this segment says %d", ErrGeometry, g.Slots)
	}
	if _, _, size := pairLayout(g); len(segment.Bytes()) < size {
		return g, fmt.Errorf("%w: a pair of these sizes needs %d bytes, the segment has %d", ErrGeometry, size, len(segment.Bytes()))
	}
	return g, nil
}

// File returns the descriptor to hand to the other process.
func (p *Pair) File() *os.File { return p.segment.File() }

// Close unmaps the pair. Its ports must not be used afterwards.
func (p *Pair) Close() { p.segment.Close() }

// Port returns the port of side 0 or 1. Each side belongs to one process. It
// registers the process for barriers; where that is refused both sides must
// call it with fenced publishes, which it arranges by itself only if the
// refusal is the same for both, as it is on one machine.
func (p *Pair) Port(side int, wait Strategy) (*Port, error) {
	if side != 0 && side != 1 {
		return nil, fmt.Errorf("%w: side %d of a pair", ErrGeometry, side)
	}
	inbox, outbox, _ := pairLayout(p.geometry)
	mem := p.segment.Bytes()
	return NewPort(Config{
		Geometry: p.geometry,
		Slot:     side,
		Outbox:   mem[outbox[side]:][:p.geometry.OutboxSize()],
		Inbox:    mem[inbox[side]:][:p.geometry.InboxSize()],
		Bells:    mem[pages(shm.HeaderSize):],
		Allocate: func(offset, length int64) error {
			return p.segment.Allocate(int64(outbox[side])+offset, length)
		},
		Memory: (*pairMemory)(p),
		Wait:   wait,
		Fenced: RegisterBarrier() != nil,
	})
}

// pairMemory is the Memory of both ports of a pair.
type pairMemory Pair

func (m *pairMemory) Inbox(slot int) ([]byte, error) {
	inbox, _, _ := pairLayout(m.geometry)
	return m.segment.Bytes()[inbox[slot]:][:m.geometry.InboxSize()], nil
}

func (m *pairMemory) Outbox(slot, index int) ([]byte, uint32, error) {
	if index != 0 {
		return nil, 0, ErrNoPeer
	}
	_, outbox, _ := pairLayout(m.geometry)
	return m.segment.Bytes()[outbox[slot]:][:m.geometry.OutboxSize()], 1, nil
}

func (m *pairMemory) Version() uint64 { return 0 }
