package supervisor

import (
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

// watchEvery is how often the supervisor compares what was sent to sleeping
// workers with what they have handled.
const watchEvery = 100 * time.Millisecond

// watch looks after the workers' mail from outside.
type watch struct {
	desk    *desk
	watcher *ring.Watcher
	ended   chan struct{}
	done    chan struct{}

	mu      sync.Mutex
	members map[int]*member
	senders []ring.OutboxView // everybody's, the ended ones' too
	sent    uint64            // at the last quiet look
	quiet   bool              // the last look was quiet
}

func (s *Supervisor) newWatch() *watch {
	w := &watch{
		desk: s.desk, watcher: s.desk.w.Port().NewWatcher(),
		ended: make(chan struct{}), done: make(chan struct{}), members: map[int]*member{},
	}
	w.senders = append(w.senders, s.desk.view)
	go w.run()
	return w
}

func (w *watch) add(m *member) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.members[m.id.Slot()] = m
	w.senders = append(w.senders, ring.OutboxView{Slot: m.id.Slot(), Memory: m.outbox.Bytes()})
}

func (w *watch) remove(m *member) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.members, m.id.Slot())
}

func (w *watch) run() {
	defer close(w.done)
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.look()
		case <-w.ended:
			return
		}
	}
}

func (w *watch) stop() {
	close(w.ended)
	<-w.done
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watcher.Look(0, w.desk.inbox, w.outboxes())
	for slot, m := range w.members {
		w.watcher.Look(slot, m.inbox.Bytes(), w.outboxes())
	}
}

func (w *watch) outboxes() iter.Seq[ring.OutboxView] { return slices.Values(w.senders) }

// quietTwice takes a look over all pairs of workers and reports whether this one
// and the last one found that everything sent was handled, nothing is in hand,
// and nothing was sent in between.
func (w *watch) quietTwice() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	before, sentBefore := w.quiet, w.sent
	w.quiet, w.sent = true, 0
	port := w.desk.w.Port()
	for slot, m := range w.members {
		state, err := port.PeerState(slot)
		w.sent += port.Sent(slot, w.outboxes())
		w.quiet = w.quiet && err == nil && state >= ring.StateReady && port.Quiet(slot, m.inbox.Bytes(), w.outboxes())
	}
	return before && w.quiet && sentBefore == w.sent
}
