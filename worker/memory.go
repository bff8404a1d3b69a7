package worker

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/shm"
)

// memory finds the memory of the other workers: the directory says which
// descriptors of the supervisor they are, and open opens one of those.
type memory struct {
	directory *ring.Directory
	open      func(descriptor uint32) (*os.File, error)
	builds    []atomic.Uint64 // by slot: what the binary is known by, once mapped

	mu     sync.Mutex
	mapped map[place]*shm.Segment
}

// place is what a segment is known by. Each is mapped once, however often it is
// asked for: a supervisor that buries its workers looks for the mail of each in
// the outboxes of all others, and a process can have some 65,000 mappings.
type place struct {
	kind        shm.Kind
	id          uint64 // of the owner
	incarnation uint32 // of an outbox
	descriptor  uint32
}

// BuildParam is the word of an inbox's and an outbox's header that identifies
// the binary of its owner.
const BuildParam = shm.ParamCount - 1

// sameBinary reports whether the worker in a slot runs this very binary, so
// that types of package main mean the same in both.
func (w *Worker) sameBinary(slot int) bool {
	return slot == w.config.ID.Slot() || w.memory.builds[slot].Load() == w.config.Build
}

// Inbox implements [ring.Memory].
func (m *memory) Inbox(slot int) ([]byte, error) {
	row, err := m.row(slot)
	if err != nil {
		return nil, err
	}
	segment, err := m.mapShared("inbox", slot, place{kind: shm.KindInbox, id: row.ID, descriptor: row.Inbox})
	if err != nil {
		return nil, err
	}
	return segment.Bytes(), nil
}

// Outbox implements [ring.Memory].
func (m *memory) Outbox(slot, index int) ([]byte, uint32, error) {
	row, err := m.row(slot)
	if err != nil {
		return nil, 0, err
	}
	ref := row.Outboxes[index]
	if ref.Incarnation == 0 {
		return nil, 0, ring.ErrNoPeer
	}
	segment, err := m.mapShared("outbox", slot, place{shm.KindOutbox, row.ID, ref.Incarnation, ref.Descriptor})
	if err != nil {
		return nil, 0, err
	}
	return segment.Bytes(), ref.Incarnation, nil
}

// Version implements [ring.Memory].
func (m *memory) Version() uint64 { return m.directory.Version() }

func (m *memory) row(slot int) (ring.Row, error) {
	row, err := m.directory.Row(slot)
	if err == nil && row.State == ring.RowFree {
		err = fmt.Errorf("%w: slot %d", ring.ErrNoPeer, slot)
	}
	return row, err
}

// mapShared maps a segment read-only, lets go of its descriptor, and makes sure
// that it is the one the directory means.
func (m *memory) mapShared(what string, slot int, at place) (*shm.Segment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if segment := m.mapped[at]; segment != nil {
		return segment, nil
	}
	file, err := m.open(at.descriptor)
	if err != nil {
		return nil, err
	}
	segment, err := shm.Open(file, fmt.Sprintf("%s of slot %d", what, slot), at.kind, false)
	if err != nil {
		return nil, err
	}
	if owner := segment.Header().Owner; owner != uint32(slot) {
		segment.Close()
		return nil, fmt.Errorf("%w: %s of slot %d belongs to slot %d", shm.ErrLayout, what, slot, owner)
	}
	m.builds[slot].Store(segment.Header().Params[BuildParam])
	segment.Forget()
	m.mapped[at] = segment
	return segment, nil
}

// close unmaps everything. Nobody may look at it any more.
func (m *memory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for at, segment := range m.mapped {
		segment.Close()
		delete(m.mapped, at)
	}
}
