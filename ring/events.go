package ring

import (
	"runtime"
	"sync"
)

// events passes a process's event counter on to its goroutines. One goroutine,
// started on first need, waits on the futex word, so that contexts cancel at
// once and no second waiter can swallow a wake-up meant for another.
type events struct {
	word eventWord

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each event
	ended   chan struct{} // closed when the goroutine has ended; nil before it has begun
	stopped bool
}

// next returns a channel that is closed at the first event after the call. The
// order of use is: next, look at the condition, wait.
func (e *events) next() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.changed == nil {
		e.changed = make(chan struct{})
	}
	if e.ended == nil && !e.stopped {
		e.ended = make(chan struct{})
		go e.run(e.word.Load())
	}
	return e.changed
}

func (e *events) isStopped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stopped
}

func (e *events) run(seen uint32) {
	defer close(e.ended)
	for {
		futexWait(e.word.Uint32, seen, 0)
		now := e.word.Load()
		if now == seen {
			continue
		}
		seen = now
		e.mu.Lock()
		close(e.changed)
		e.changed = make(chan struct{})
		stopped := e.stopped
		if stopped {
			close(e.changed) // every later wait returns at once
		}
		e.mu.Unlock()
		if stopped {
			return
		}
	}
}

// stop ends every wait, and the goroutine: when it returns, nothing here touches
// the word any more.
func (e *events) stop() {
	e.mu.Lock()
	if !e.stopped && e.ended == nil {
		if e.changed == nil {
			e.changed = make(chan struct{})
		}
		close(e.changed)
	}
	e.stopped = true
	ended := e.ended
	e.mu.Unlock()
	if ended == nil {
		return
	}
	for {
		select {
		case <-ended:
			return
		default:
			e.word.bump()
			runtime.Gosched()
		}
	}
}
