package supervisor

import (
	"fmt"
	"slices"

	"github.com/ringmaster-ipc/ringmaster/supervisor/internal/proc"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Stats are counts over the life of a run.
type Stats struct {
	Rescued     uint64 // workers found asleep with mail: a bell had been silenced
	Undelivered uint64 // messages that were sent and never handled, since the receiver ended
	Requests    uint64 // what workers asked the supervisor for: descriptors, large payloads
}

// Stats returns the counts so far; after Run, those of the whole run.
func (s *Supervisor) Stats() Stats {
	out := Stats{Undelivered: s.stats.undelivered.Load(), Requests: s.stats.requests.Load()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watch != nil {
		out.Rescued = s.watch.watcher.Rescued()
	}
	return out
}

// WorkerStatus is what is known of a worker from outside.
type WorkerStatus struct {
	ID       worker.ID
	Name     string
	Kind     string
	PID      int   // 0 before it is started
	Alive    bool  // the process lives
	Cores    []int // it may run on, read back from the kernel; nil for one that has ended
	LastCore int   // it ran on last, -1 if not known
}

// String returns the status on one line.
func (w WorkerStatus) String() string {
	name := w.Name
	if name == "" {
		name = w.Kind
	}
	return fmt.Sprintf("%s (id %v): process %d, alive %v, cores %s, last on %d", name, w.ID, w.PID, w.Alive, proc.FormatCoreList(w.Cores), w.LastCore)
}

// Workers returns the status of all workers, in the order they were added. It
// reads /proc, once or twice for each live process.
func (s *Supervisor) Workers() []WorkerStatus {
	s.mu.Lock()
	processes := make([]*proc.Process, len(s.members))
	list := make([]WorkerStatus, len(s.members))
	for i, m := range s.members {
		processes[i] = m.process
		list[i] = WorkerStatus{ID: m.id, Name: m.spec.Name, Kind: m.spec.Kind, LastCore: -1}
	}
	s.mu.Unlock()
	for i, p := range processes {
		if p == nil {
			continue
		}
		list[i].PID, list[i].Alive = p.Pid(), p.Alive()
		if cores, err := p.Cores(); err == nil && list[i].Alive {
			list[i].Cores = cores
		}
		if core, err := p.LastCore(); err == nil && list[i].Alive {
			list[i].LastCore = core
		}
	}
	return list
}

// checkPin reads back on which cores a member's process may run.
func checkPin(m *member) error {
	if m.cores == nil {
		return nil
	}
	got, err := m.process.Cores()
	if err != nil {
		return nil // it has ended, or /proc is hidden; it was pinned before it began
	}
	want := slices.Clone(m.cores)
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(got, want) {
		return fmt.Errorf("%w: worker %q was pinned to %s and may run on %s", ErrNoCore, m.label(), proc.FormatCoreList(want), proc.FormatCoreList(got))
	}
	return nil
}
