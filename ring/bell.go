package ring

import (
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// The mail word of a bell says whether its owner sleeps:
//
//	30 bits - epoch: grows by one at the end of every sleep
//	 2 bits - state
const (
	mailRunning = 0 // awake: it will look at the ready words by itself
	mailAsleep  = 1 // sleeps or is about to: needs a wake call
	mailWoken   = 2 // somebody has claimed the wake call

	mailStateBits = 2
	mailStateMask = 1<<mailStateBits - 1
)

// bell is the part of the bells segment that belongs to one slot. All processes
// write it.
type bell struct {
	mail  *atomic.Uint32             // owner: exchange and store; senders: compare-and-swap
	ready [readyWords]*atomic.Uint64 // senders: or; owner: swap to zero
	event eventWord                  // everybody adds

	// madeCall is the last epoch, plus 1, in which this process completed a
	// wake call to this bell. It is not shared.
	madeCall atomic.Uint32
}

func bellAt(bells []byte, slot int) *bell {
	at := bellsAt + slot*bellSize
	b := &bell{mail: shm.Uint32(bells, at+bellMail), event: eventAt(bells, slot)}
	for i := range b.ready {
		b.ready[i] = shm.Uint64(bells, at+bellReady+8*i)
	}
	return b
}

// mark sets the ready bit of a slot and nothing more.
func (b *bell) mark(slot int) { b.ready[slot/64].Or(1 << (slot % 64)) }

// ring says that slot has mail for the bell's owner, and wakes it if it sleeps.
// The or is unconditional and a full barrier: the ready bit is visible before
// mail is read. The owner's side is: exchange mail, read the ready words.
func (b *bell) ring(slot int, p *Port) {
	b.mark(slot)
	mail := b.mail.Load()
	if mail&mailStateMask != mailRunning {
		b.wake(mail, p)
	}
}

// wake makes the wake call for a sleeper seen with this mail word. The sender
// that turns asleep into woken makes it, always. One that finds woken makes one
// too, unless it has made one in this epoch: the winner may have been stopped
// between the two, and the sleeper would sleep on with mail. So there is at
// most one call per sleep and sender, and no sender relies on another.
func (b *bell) wake(mail uint32, p *Port) {
	epoch := mail >> mailStateBits
	for mail&mailStateMask == mailAsleep {
		if b.mail.CompareAndSwap(mail, epoch<<mailStateBits|mailWoken) {
			b.call(epoch, p)
			return
		}
		mail = b.mail.Load()
		if mail>>mailStateBits != epoch {
			return // that sleep is over; the owner looks at the ready words after it
		}
	}
	if mail&mailStateMask != mailRunning && b.madeCall.Load() != epoch+1 {
		b.call(epoch, p)
	}
}

// call makes a wake call and notes it, in this order: a call that is noted
// before it is made may never be made.
func (b *bell) call(epoch uint32, p *Port) {
	futexWake(b.mail, 1)
	p.stats.wakes.Add(1)
	b.madeCall.Store(epoch + 1)
}

// anyReady reports whether a ready word of the first n is set.
func (b *bell) anyReady(n int) bool {
	for _, word := range b.ready[:n] {
		if word.Load() != 0 {
			return true
		}
	}
	return false
}

// awake says that the owner runs, and begins a new epoch.
func (b *bell) awake() { b.mail.Store((b.mail.Load()>>mailStateBits + 1) << mailStateBits) }

// sleep parks the owner until the bell rings or the deadline (monotonic
// nanoseconds, 0 for none) passes. The exchange is a full barrier before the
// look at the ready words.
func (b *bell) sleep(words int, deadline int64) {
	epoch := b.mail.Load() >> mailStateBits
	asleep := epoch<<mailStateBits | mailAsleep
	b.mail.Swap(asleep)
	for !b.anyReady(words) && b.mail.Load() == asleep {
		futexWait(b.mail, asleep, deadline)
		if deadline > 0 && monotonic() >= deadline {
			break
		}
	}
	b.mail.Store((epoch + 1) << mailStateBits)
}

// eventWord is the futex counter on which a process waits for everything that
// is not mail: space, a change in the directory, a stop.
type eventWord struct{ *atomic.Uint32 }

func eventAt(bells []byte, slot int) eventWord {
	return eventWord{shm.Uint32(bells, bellsAt+slot*bellSize+bellEvent)}
}

// bump counts an event and wakes whoever waits.
func (e eventWord) bump() {
	e.Add(1)
	futexWake(e.Uint32, 1<<30)
}
