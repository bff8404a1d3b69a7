package worker

import (
	"fmt"
	"os"
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
	segment, err := m.mapShared("inbox", shm.KindInbox, slot, row.Inbox)
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
	segment, err := m.mapShared("outbox", shm.KindOutbox, slot, ref.Descriptor)
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
func (m *memory) mapShared(what string, kind shm.Kind, slot int, descriptor uint32) (*shm.Segment, error) {
	file, err := m.open(descriptor)
	if err != nil {
		return nil, err
	}
	segment, err := shm.Open(file, fmt.Sprintf("%s of slot %d", what, slot), kind, false)
	if err != nil {
		return nil, err
	}
	if owner := segment.Header().Owner; owner != uint32(slot) {
		segment.Close()
		return nil, fmt.Errorf("%w: %s of slot %d belongs to slot %d", shm.ErrLayout, what, slot, owner)
	}
	m.builds[slot].Store(segment.Header().Params[BuildParam])
	segment.Forget()
	return segment, nil
}
