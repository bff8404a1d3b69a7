package worker

import (
	"context"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

// catalog is a copy of the directory at one version: what look-ups are answered
// from until the directory changes. It is never changed itself.
type catalog struct {
	version uint64
	rows    []ring.Row
	names   map[string]IDs
	named   IDs // all workers that can be found
}

// now returns the catalog of the directory's present version. It asks nobody:
// the directory lies in shared memory and is read without locks.
func (w *Worker) now() *catalog {
	version := w.directory.Version()
	if c := w.catalog.Load(); c != nil && c.version == version {
		return c
	}
	c := &catalog{version: version, rows: make([]ring.Row, w.directory.Slots()), names: map[string]IDs{}}
	for slot := range c.rows {
		row, err := w.directory.Row(slot)
		if err != nil {
			continue
		}
		c.rows[slot] = row
		if row.State == ring.RowAdded && row.Name != "" {
			c.names[row.Name] = append(c.names[row.Name], ID(row.ID))
			c.named = append(c.named, ID(row.ID))
		}
	}
	w.catalog.Store(c)
	return c
}

// Lookup returns the ids of the workers with a name: all that were added and
// have not ended, whether ready or not. The empty set means that there is none,
// which is not an error. It never blocks, asks nobody, and costs a map look-up
// while nothing has changed.
func (w *Worker) Lookup(name string) IDs {
	if w.port == nil {
		return nil
	}
	ids := w.now().names[name]
	return ids[:len(ids):len(ids)]
}

// Workers returns the ids of all workers that have a name and have not ended.
func (w *Worker) Workers() IDs {
	if w.port == nil {
		return nil
	}
	ids := w.now().named
	return ids[:len(ids):len(ids)]
}

// NameOf returns the name of a worker, its kind where it has no name, and the
// empty string for an id that is not known.
func (w *Worker) NameOf(id ID) string {
	if w.port == nil || id.Slot() >= w.directory.Slots() {
		return ""
	}
	row := w.now().rows[id.Slot()]
	switch {
	case ID(row.ID) != id:
		return ""
	case row.Name != "":
		return row.Name
	default:
		return row.Kind
	}
}

// Await returns the ids of the workers with a name as soon as one of them is
// ready for messages: its handlers are registered. It waits until then, or
// until ctx ends.
func (w *Worker) Await(ctx context.Context, name string) (IDs, error) {
	if err := w.supervised("Await"); err != nil {
		return nil, err
	}
	w.Ready()
	for {
		changed := w.port.Changed()
		ids := w.Lookup(name)
		for _, id := range ids {
			if state, err := w.port.PeerState(id.Slot()); err == nil && state == ring.StateReady {
				return ids, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("worker: await %q: %w", name, context.Cause(ctx))
		}
	}
}
