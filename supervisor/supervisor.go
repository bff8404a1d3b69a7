package supervisor

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/supervisor/internal/proc"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Supervisor starts workers and watches over them for one run. Its methods may
// be called from any goroutine.
type Supervisor struct {
	options options
	selfID  uint64 // of this binary

	mu      sync.Mutex
	phase   phase
	members []*member // by slot, minus 1
	added   chan *member

	// What follows belongs to the goroutine of Run.
	memory   *memory
	cores    *coreTable
	keeper   *keeper
	desk     *desk
	launch   launch
	watch    *watch
	events   chan event
	fenced   bool
	live     int            // members not ended
	keepers  int            // of them, those that keep the run alive
	waiting  []*member      // connected, and kept waiting until the residents are ready
	released bool           // the residents are ready
	ended    chan struct{}  // closed when the loop has ended
	helpers  sync.WaitGroup // goroutines that use the run's memory until then
	over     bool
	failure  error
	stats    counters
	hushed   atomic.Bool // over, for all goroutines: what fails now is no news
}

// phase is how far a supervisor has come.
type phase uint8

const (
	phaseNew phase = iota
	phaseRunning
	phaseDone
)

// New returns a supervisor without workers. What is wrong with an option is
// reported by Run.
func New(opts ...Option) *Supervisor {
	s := &Supervisor{options: defaultOptions(), events: make(chan event, 64), added: make(chan *member, ring.MaxSlots), ended: make(chan struct{})}
	for _, o := range opts {
		o(&s.options)
	}
	return s
}

// Run starts the given workers, with default options, and returns when the last
// of them has ended. See [Supervisor.Run].
func Run(ctx context.Context, specs ...worker.Spec) error { return New().Run(ctx, specs...) }

// Add adds a worker and returns its id. Before Run nothing is started; while
// Run is under way the worker is started at once, if there is a slot left
// ([ErrSlots], see [WithMaxWorkers]).
func (s *Supervisor) Add(spec worker.Spec) (worker.ID, error) {
	if err := spec.Check(); err != nil {
		return 0, fmt.Errorf("supervisor: add worker %q: %w", label(spec), err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == phaseDone {
		return 0, fmt.Errorf("%w: add worker %q: the run is over", ErrState, label(spec))
	}
	limit := ring.MaxSlots
	if s.options.slots != 0 {
		limit = s.options.slots
	} else if s.memory != nil {
		limit = s.memory.geometry.Slots
	}
	if slot := len(s.members) + 1; slot >= limit {
		return 0, fmt.Errorf("%w: worker %q would be number %d, this run has %d; raise it with WithMaxWorkers", ErrSlots, label(spec), slot, limit-1)
	}
	m := &member{id: worker.MakeID(len(s.members)+1, 1), spec: spec, incarnation: 1}
	s.members = append(s.members, m)
	if s.phase == phaseRunning {
		s.added <- m
	}
	return m.id, nil
}

// Len returns the number of workers added.
func (s *Supervisor) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.members)
}

// Run adds the given workers to those that Add has, starts all of them, and
// returns when the last one that is not a resident has ended, and then the
// residents: nil if all ended in order, otherwise the first failure as a
// *worker.Error; [ErrInterrupted] after SIGINT or SIGTERM; the cause of ctx when
// it ends. When it returns no process and no memory of the run is left. A
// supervisor runs once.
//
// The processes start at the same time, but the others are kept waiting until
// the residents are ready: what listens hears from the first message on.
func (s *Supervisor) Run(ctx context.Context, specs ...worker.Spec) error {
	if s.options.problem != nil {
		return s.options.problem
	}
	for _, spec := range specs {
		if _, err := s.Add(spec); err != nil {
			return err
		}
	}
	if err := s.begin(); err != nil {
		return err
	}
	defer s.finish()
	if _, err := s.options.geometry(s.slots()); err != nil {
		return err // also in a run that has nothing to do
	}
	if !s.anyKeepsAlive() {
		return nil
	}
	if err := s.open(); err != nil {
		s.close()
		return err
	}
	var interrupts chan os.Signal
	if s.options.signals {
		interrupts = make(chan os.Signal, 2)
		signal.Notify(interrupts, syscall.SIGINT, syscall.SIGTERM)
		defer signal.Stop(interrupts)
	}
	s.startAll()
	s.loop(ctx, interrupts)
	close(s.ended)
	s.helpers.Wait()
	s.close()
	return s.failure
}

func (s *Supervisor) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != phaseNew {
		return fmt.Errorf("%w: a supervisor runs once", ErrState)
	}
	s.phase = phaseRunning
	return nil
}

func (s *Supervisor) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = phaseDone
}

// anyKeepsAlive reports whether there is a worker that is no resident.
func (s *Supervisor) anyKeepsAlive() bool {
	for _, m := range s.snapshot() {
		if !m.spec.IsResident {
			return true
		}
	}
	return false
}

// unstarted returns all members there are when the first is started. What Add
// has queued since Run began is among them.
func (s *Supervisor) unstarted() []*member {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.added) > 0 {
		<-s.added
	}
	return s.members[:len(s.members):len(s.members)]
}

func (s *Supervisor) snapshot() []*member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members[:len(s.members):len(s.members)]
}

// open makes the shared memory and everything else a run needs.
func (s *Supervisor) open() error {
	var err error
	if s.selfID, err = buildOf(selfPath); err != nil {
		return err
	}
	if s.cores, err = newCoreTable(); err != nil {
		return err
	}
	s.fenced = s.options.fenced || ring.RegisterBarrier() != nil
	s.keeper = newKeeper()
	if err := s.makeMemory(); err != nil {
		return err
	}
	if s.desk, err = s.newDesk(); err != nil {
		return err
	}
	watch := s.newWatch()
	s.mu.Lock()
	s.watch = watch // Stats may look at it from any goroutine
	s.mu.Unlock()
	s.launch.spawner = proc.NewSpawner()
	return nil
}

// makeMemory fixes the number of slots: Add has to know of it from then on.
func (s *Supervisor) makeMemory() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	memory, err := newMemory(&s.options, s.slotsLocked())
	s.memory = memory
	return err
}

// slots returns how many slots a run with the workers added so far has.
func (s *Supervisor) slots() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slotsLocked()
}

func (s *Supervisor) slotsLocked() int {
	if s.options.slots != 0 {
		return s.options.slots
	}
	return min(len(s.members)+1+spareSlots, ring.MaxSlots)
}

// startAll starts every worker added before Run, in their order. All of them
// can be found by name before the first one runs.
func (s *Supervisor) startAll() {
	members := s.unstarted()
	for _, m := range members {
		if err := s.enlist(m); err != nil {
			s.fail(m, "start", "", err)
			return
		}
	}
	var residents []int
	for _, m := range members {
		s.start(m)
		if m.spec.IsResident {
			residents = append(residents, m.id.Slot())
		}
	}
	if s.released = len(residents) == 0; !s.released {
		s.helpers.Go(func() { s.awaitResidents(residents) })
	}
}

// close releases everything of a run.
func (s *Supervisor) close() {
	if s.desk != nil {
		s.desk.close()
	}
	if s.watch != nil {
		s.watch.stop()
	}
	if s.launch.spawner != nil {
		s.launch.spawner.Close()
	}
	if s.keeper != nil {
		s.keeper.close()
	}
	if s.memory != nil {
		s.memory.close()
	}
}

// fail notes a failure, and ends the run if it is the first.
func (s *Supervisor) fail(m *member, reason, stack string, err error) {
	if s.over {
		return
	}
	s.end(&worker.Error{Name: m.label(), Kind: m.spec.Kind, ID: m.id, Reason: reason, Stack: stack, Err: err})
}
