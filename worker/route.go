package worker

import (
	"fmt"
	"slices"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/ring"
)

// destination is where one copy of a message goes.
type destination struct {
	slot int
	copy bool // for a listener
}

// resolve appends the destinations of a message to list: the target's workers
// and, where hear is set, the listeners to its type that are not among them.
func (w *Worker) resolve(list []destination, to Target, t *codec.Type, hear bool) ([]destination, error) {
	list, err := w.resolveTarget(list, to, t)
	if err != nil || !hear || to == Listeners {
		return list, err
	}
	for _, slot := range w.audience(t) {
		if !slices.ContainsFunc(list, func(d destination) bool { return d.slot == slot }) {
			list = append(list, destination{slot, true})
		}
	}
	return list, nil
}

func (w *Worker) resolveTarget(list []destination, to Target, t *codec.Type) ([]destination, error) {
	switch to := to.(type) {
	case ID:
		return w.resolveID(list, to, t)
	case IDs:
		if len(to) == 0 {
			return nil, fmt.Errorf("%w: type %s was sent to an empty set of ids", ErrNoTarget, t.Name())
		}
		for i, id := range to {
			if slices.Contains(to[:i], id) {
				continue
			}
			var err error
			if list, err = w.resolveID(list, id, t); err != nil {
				return nil, err
			}
		}
		return list, nil
	case Name:
		ids := w.Lookup(string(to))
		if len(ids) == 0 {
			return nil, fmt.Errorf("%w: type %s was sent to the name %v, which no worker has", ErrNoTarget, t.Name(), to)
		}
		return w.resolveTarget(list, ids, t)
	case oneOf:
		id, err := w.roomiest(string(to), t)
		if err != nil {
			return nil, err
		}
		return append(list, destination{slot: id.Slot()}), nil
	case meta:
		return w.resolveMeta(list, to, t)
	}
	return nil, fmt.Errorf("%w: type %s was sent to a nil target", ErrNoTarget, t.Name())
}

func (w *Worker) resolveID(list []destination, id ID, t *codec.Type) ([]destination, error) {
	if id.Slot() >= w.directory.Slots() || id>>idSlotBits == 0 { // generations begin with 1
		return nil, fmt.Errorf("%w: type %s was sent to id %v, which was never given", ErrNoTarget, t.Name(), id)
	}
	row := w.now().rows[id.Slot()]
	switch {
	case ID(row.ID) != id && row.ID < uint64(id) || row.State == ring.RowFree:
		return nil, fmt.Errorf("%w: type %s was sent to id %v, which was never given", ErrNoTarget, t.Name(), id)
	case ID(row.ID) != id || row.State == ring.RowEnded:
		return nil, fmt.Errorf("%w: type %s was sent to id %v", ErrTerminated, t.Name(), id)
	}
	return append(list, destination{slot: id.Slot()}), nil
}

func (w *Worker) resolveMeta(list []destination, to meta, t *codec.Type) ([]destination, error) {
	if to == Broadcast {
		for _, id := range w.now().named {
			if id != w.config.ID {
				list = append(list, destination{slot: id.Slot()})
			}
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("%w: type %s was broadcast and no other worker has a name", ErrNoTarget, t.Name())
		}
		return list, nil
	}
	for _, slot := range w.audience(t) {
		list = append(list, destination{slot, true})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: type %s", ErrNoListener, t.Name())
	}
	return list, nil
}

// roomiest returns the worker of a name with the fewest bytes unhandled in the
// lane from here; equals come in turn.
func (w *Worker) roomiest(name string, t *codec.Type) (ID, error) {
	ids := w.Lookup(name)
	if len(ids) == 0 {
		return 0, fmt.Errorf("%w: type %s was sent to one of the name %q, which no worker has", ErrNoTarget, t.Name(), name)
	}
	first := int(w.turn.Add(1))
	best, least := ID(0), int64(-1)
	for i := range ids {
		id := ids[(first+i)%len(ids)]
		pending, err := w.load(id.Slot())
		if err != nil {
			continue // ended a moment ago
		}
		if least < 0 || pending < least {
			best, least = id, pending
		}
	}
	if least < 0 {
		return 0, fmt.Errorf("%w: type %s, all workers named %q", ErrTerminated, t.Name(), name)
	}
	return best, nil
}

// audience is the set of slots that listen to a type, as of an epoch and a
// version of the directory.
type audience struct {
	epoch, version uint64
	slots          []int
}

// audience returns the slots of all other workers that listen to a type. While
// nobody begins to listen and the directory stays, that is a map look-up.
func (w *Worker) audience(t *codec.Type) []int {
	// The epoch is read before the tables: a listener that comes in between
	// is found, and found again.
	epoch, version := w.port.Epoch(), w.directory.Version()
	if known, ok := w.hearing.Load(t); ok {
		if a := known.(*audience); a.epoch == epoch && a.version == version {
			return a.slots
		}
	}
	a := &audience{epoch: epoch, version: version}
	for slot, row := range w.now().rows {
		if row.State == ring.RowAdded && slot != w.config.ID.Slot() && w.listens(slot, t) {
			a.slots = append(a.slots, slot)
		}
	}
	w.hearing.Store(t, a)
	return a.slots
}

// listens reports whether the worker in a slot listens to a type. A table that
// makes no sense belongs to a worker that hears nothing.
func (w *Worker) listens(slot int, t *codec.Type) bool {
	entries, err := w.port.Listens(slot)
	if err != nil {
		return false
	}
	for _, entry := range entries {
		pattern, err := codec.ParsePattern(entry)
		if err == nil && pattern.Matches(t) && (!pattern.Local() || w.sameBinary(slot)) {
			return true
		}
	}
	return false
}
