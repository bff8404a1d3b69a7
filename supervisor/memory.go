package supervisor

import (
	"fmt"

	"github.com/prometheus/procfs"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// memory is all shared memory of a run. The supervisor holds every descriptor,
// so nothing of it goes away with a worker.
type memory struct {
	geometry  ring.Geometry
	directory *shm.Segment
	bells     *shm.Segment
	table     *ring.Directory
	segments  []*shm.Segment // inboxes and outboxes, to be closed at the end
}

// newMemory makes the directory and the bells of a run with the given number of
// slots, and makes sure that the machine can hold what the lanes may need.
func newMemory(o *options, slots int) (*memory, error) {
	g, err := o.geometry(slots)
	if err != nil {
		return nil, err
	}
	if err := checkBudget(o, g); err != nil {
		return nil, err
	}
	m := &memory{geometry: g}
	if m.directory, err = shm.Create("directory", shm.Header{Kind: shm.KindDirectory, Size: int64(g.DirectorySize()), Params: g.Params()}); err != nil {
		return nil, err
	}
	if m.bells, err = shm.Create("bells", shm.Header{Kind: shm.KindBells, Size: int64(g.BellsSize())}); err != nil {
		m.close()
		return nil, err
	}
	if m.table, err = ring.NewDirectory(m.directory.Bytes(), g); err != nil {
		m.close()
		return nil, err
	}
	m.directory.Publish()
	m.bells.Publish()
	return m, nil
}

// geometry returns the sizes of a run with a number of slots.
func (o *options) geometry(slots int) (ring.Geometry, error) {
	g := ring.DefaultGeometry(slots)
	if o.laneSize != 0 {
		g.LaneSize = o.laneSize
	}
	if o.slabSize != 0 {
		g.SlabSize = o.slabSize
	}
	if err := g.Check(); err != nil {
		return g, fmt.Errorf("%w: %w", ErrOption, err)
	}
	return g, nil
}

// checkBudget compares what the lanes need if everybody talks to everybody with
// what there is. Lanes take their memory when they are opened, so a run may well
// fit that this refuses; then the limit can be raised.
func checkBudget(o *options, g ring.Geometry) error {
	limit, whence := o.memory, "WithMemoryLimit"
	if limit == 0 {
		limit, whence = available(), "available on this machine"
		if limit == 0 {
			return nil // /proc does not say
		}
	}
	need := int64(g.Slots) * int64(g.Slots) * int64(g.LaneSize)
	if need > limit {
		return fmt.Errorf("%w: %d slots squared times lanes of %d bytes are %d bytes, %d are %s; choose smaller lanes (WithLaneSize), fewer slots (WithMaxWorkers) or a higher limit (WithMemoryLimit)",
			ErrNoMemory, g.Slots, g.LaneSize, need, limit, whence)
	}
	return nil
}

func available() int64 {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return 0
	}
	info, err := fs.Meminfo()
	if err != nil || info.MemAvailableBytes == nil {
		return 0
	}
	return int64(*info.MemAvailableBytes)
}

// newInbox makes the inbox of a slot.
func (m *memory) newInbox(slot int, build uint64) (*shm.Segment, error) {
	return m.create("inbox", shm.KindInbox, m.geometry.InboxSize(), slot, 0, build)
}

// newOutbox makes the outbox of an incarnation.
func (m *memory) newOutbox(slot int, incarnation uint32, build uint64) (*shm.Segment, error) {
	return m.create("outbox", shm.KindOutbox, m.geometry.OutboxSize(), slot, incarnation, build)
}

func (m *memory) create(what string, kind shm.Kind, size, slot int, incarnation uint32, build uint64) (*shm.Segment, error) {
	h := shm.Header{Kind: kind, Size: int64(size), Owner: uint32(slot), Incarnation: incarnation, Params: m.geometry.Params()}
	h.Params[worker.BuildParam] = build
	s, err := shm.Create(fmt.Sprintf("%s %d", what, slot), h)
	if err != nil {
		return nil, err
	}
	s.Publish()
	m.segments = append(m.segments, s)
	return s, nil
}

// holds reports whether a descriptor is one of the run's segments, which every
// worker of the run may map.
func (m *memory) holds(descriptor uint32) *shm.Segment {
	for _, s := range m.segments {
		if f := s.File(); f != nil && f.Fd() == uintptr(descriptor) {
			return s
		}
	}
	return nil
}

func (m *memory) close() {
	for _, s := range m.segments {
		s.Close()
	}
	for _, s := range []*shm.Segment{m.directory, m.bells} {
		if s != nil {
			s.Close()
		}
	}
}
