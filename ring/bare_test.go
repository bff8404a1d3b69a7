package ring

import (
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

func TestABareWakeEndsABareWait(t *testing.T) {
	word := shm.Uint32(shm.Aligned(shm.LineSize), 0)
	woken := make(chan struct{})
	go func() {
		defer close(woken)
		for word.Load() == 0 {
			BareWait(word, 0, 10*time.Millisecond)
		}
	}()
	word.Store(1)
	BareWake(word, 1)
	BareYield()
	select {
	case <-woken:
	case <-time.After(10 * time.Second):
		t.Fatal("the waiter did not return")
	}
}

func TestABareWaitReturnsAtOnceWhereTheWordHasChanged(t *testing.T) {
	word := shm.Uint32(shm.Aligned(shm.LineSize), 0)
	word.Store(1)
	done := make(chan struct{})
	go func() {
		BareWait(word, 0, time.Hour)
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for a value that the word does not have")
	}
	if n := BareWake(word, 1); n != 0 {
		t.Errorf("%d sleepers were woken, there are none", n)
	}
}
