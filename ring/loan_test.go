package ring

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"unsafe"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// lendTo sends n bytes of a pattern to some slots.
func lendTo(t testing.TB, p *Port, n int, slots ...int) {
	t.Helper()
	l, err := p.Lend(n, slots...)
	if err != nil {
		t.Fatalf("Lend(%d): %v", n, err)
	}
	defer l.Release()
	copy(l.Bytes(), pattern(n, n))
	if err := l.Seal(n); err != nil {
		t.Fatalf("Seal: %v", err)
	}
	for _, slot := range slots {
		s := mustOpen(t, p, slot, 0)
		if err := s.CommitLoan(l, Meta{Type: 5}); err != nil {
			t.Fatalf("CommitLoan to %d: %v", slot, err)
		}
		if err := s.Publish(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALargePayloadIsWrittenOnceForAllReceivers(t *testing.T) {
	r := newRun(small(4))
	a := r.port(t, 0, Poll)
	n := r.geometry.ChunkLimit()
	var address [4]*byte
	lendTo(t, a, n, 1, 2, 3)
	for slot := 1; slot < 4; slot++ {
		k, err := r.port(t, slot, Poll).Receive(All, func(rec *Record) error {
			if !bytes.Equal(rec.Payload, pattern(n, n)) || rec.Type != 5 {
				t.Errorf("slot %d got %d bytes of type %d", slot, len(rec.Payload), rec.Type)
			}
			address[slot] = unsafe.SliceData(rec.Payload)
			return nil
		})
		if k != 1 || err != nil {
			t.Fatal(k, err)
		}
	}
	if address[1] != address[2] || address[2] != address[3] {
		t.Error("the payload was copied")
	}
}

func TestALoanIsNotUsedAgainWhileItMayStillBeCommitted(t *testing.T) {
	r := newRun(small(3))
	a, b, c := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Poll)
	l, err := a.Lend(5000, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	copy(l.Bytes(), pattern(1, 5000))
	if err := l.Seal(5000); err != nil {
		t.Fatal(err)
	}
	to := func(slot int) {
		s := mustOpen(t, a, slot, 0)
		if err := s.CommitLoan(l, Meta{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Publish(); err != nil {
			t.Fatal(err)
		}
	}
	to(1)
	take(t, b) // the first receiver is done before the second gets it
	other, err := a.Lend(5000)
	if err != nil {
		t.Fatal(err)
	}
	clear(other.Bytes())
	other.Release()
	to(2)
	l.Release()
	if got := take(t, c); len(got) != 1 || !bytes.Equal(got[0], pattern(1, 5000)) {
		t.Error("the second receiver got something else")
	}
	wantPanic(t, "commit after Release", func() { to(1) })
	wantPanic(t, "Seal above the loan", func() { _ = other.Seal(5001) })
	wantPanic(t, "Lend of a negative size", func() { _, _ = a.Lend(-1) })
}

func TestAReceiverThatHoldsAQuarterIsFullAndTheOthersAreNot(t *testing.T) {
	r := newRun(small(3))
	a, b, _ := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Poll)
	n := r.geometry.ChunkLimit() / 2
	lendTo(t, a, n, 1)
	lendTo(t, a, n, 1)
	l, err := a.Lend(n, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	if err := l.Seal(n); err != nil {
		t.Fatal(err)
	}
	one, two := mustOpen(t, a, 1, 0), mustOpen(t, a, 2, 0)
	wantError(t, "a third half quarter", one.CommitLoan(l, Meta{}), ErrFull)
	if got := one.Pinned(); got != int64(2*n) {
		t.Errorf("pinned are %d bytes, want %d", got, 2*n)
	}
	if err := two.CommitLoan(l, Meta{}); err != nil {
		t.Errorf("the other receiver: %v", err)
	}
	if err := one.Send(Meta{}, []byte("small")); err != nil {
		t.Errorf("small payloads to the full receiver: %v", err)
	}
	if got := take(t, b); len(got) != 3 {
		t.Fatalf("%d records", len(got))
	}
	if err := one.CommitLoan(l, Meta{}); err != nil {
		t.Errorf("after it has handled them: %v", err)
	}
}

func TestARetainedPayloadStaysUntilItIsReleased(t *testing.T) {
	r := newRun(small(3))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	n := r.geometry.ChunkLimit()
	lendTo(t, a, n, 1)
	var kept [2][]byte
	var release [2]func()
	_, err := b.Receive(All, func(rec *Record) error {
		for i := range kept {
			kept[i], release[i] = b.Retain(rec)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		l, err := a.Lend(n)
		if err != nil {
			t.Fatal(err)
		}
		clear(l.Bytes())
		l.Release()
	}
	release[0]()
	release[0]()
	if l, err := a.Lend(n); err == nil { // the other view still counts
		clear(l.Bytes())
		l.Release()
	}
	for i := range kept {
		if !bytes.Equal(kept[i], pattern(n, n)) {
			t.Errorf("view %d has changed", i)
		}
	}
	if one := mustOpen(t, a, 1, 0); one.Pinned() != int64(n) {
		t.Errorf("a retained payload pins %d bytes", one.Pinned())
	}
	release[1]()
	lendTo(t, a, n, 1)
	if got := take(t, b); len(got) != 1 {
		t.Errorf("%d records after release", len(got))
	}
}

func TestRetainCopiesWhatLiesInALane(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	mustSend(t, mustOpen(t, a, 1, 0), Meta{}, []byte("hello"))
	b.Receive(All, func(rec *Record) error {
		kept, release := b.Retain(rec)
		release()
		if string(kept) != "hello" || unsafe.SliceData(kept) == unsafe.SliceData(rec.Payload) {
			t.Errorf("kept %q, the same memory", kept)
		}
		return nil
	})
}

func TestAnEndedReceiversRetainedPayloadsStayUntilItIsBuried(t *testing.T) {
	r := newRun(small(3))
	keeper, a, b := r.port(t, 2, Poll), r.port(t, 0, Poll), r.port(t, 1, Poll)
	n := r.geometry.ChunkLimit()
	lendTo(t, a, n, 1)
	b.Receive(All, func(rec *Record) error { b.Retain(rec); return nil })
	if err := b.Shut(); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, a, 1, 0)
	a.slab.reclaim()
	if s.Pinned() != int64(n) {
		t.Error("a payload was taken from a process that is only ending")
	}
	keeper.Bury(1, r.inboxes[1])
	a.slab.reclaim()
	if s.Pinned() != 0 {
		t.Error("a dead process still pins its payload")
	}
}

// blobStore is a supervisor's part in large payloads.
type blobStore struct {
	mu      sync.Mutex
	kept    map[uint64]*shm.Segment
	waiting map[uint64][]int
	fail    error
}

func (b *blobStore) Keep(blob *shm.Segment, slots []int) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return 0, b.fail
	}
	handle := uint64(len(b.kept) + 1)
	b.kept[handle] = blob
	b.waiting[handle] = append([]int(nil), slots...)
	return handle, nil
}

func (b *blobStore) Fetch(handle uint64) (*shm.Segment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return nil, b.fail
	}
	blob := b.kept[handle]
	if blob == nil {
		return nil, fmt.Errorf("no blob %d", handle)
	}
	file, err := shm.OpenShared(os.Getpid(), int(blob.File().Fd()))
	if err != nil {
		return nil, err
	}
	return shm.Open(file, "blob", shm.KindBlob, false)
}

func (b *blobStore) Drop(handle uint64, slot int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, s := range b.waiting[handle] {
		if s == slot {
			b.waiting[handle] = append(b.waiting[handle][:i:i], b.waiting[handle][i+1:]...)
			break
		}
	}
}

func newBlobRun(t testing.TB, slots int) (*run, *blobStore, []*Port) {
	store := &blobStore{kept: map[uint64]*shm.Segment{}, waiting: map[uint64][]int{}}
	t.Cleanup(func() {
		for _, blob := range store.kept {
			blob.Close()
		}
	})
	r := newRun(small(slots))
	var ports []*Port
	for slot := range slots {
		p := r.port(t, slot, Poll)
		p.blobs = store
		ports = append(ports, p)
	}
	return r, store, ports
}

func TestAPayloadBeyondTheSlabTravelsInItsOwnSegment(t *testing.T) {
	r, store, ports := newBlobRun(t, 3)
	n := r.geometry.ChunkLimit() + 1
	lendTo(t, ports[0], n, 1, 2)
	if got := sprint(store.waiting[1]); got != "[1 2]" {
		t.Errorf("kept for %s", got)
	}
	for slot := 1; slot < 3; slot++ {
		k, err := ports[slot].Receive(All, func(rec *Record) error {
			kept, _ := ports[slot].Retain(rec)
			if !bytes.Equal(rec.Payload, pattern(n, n)) || !bytes.Equal(kept, rec.Payload) {
				t.Errorf("slot %d got %d bytes", slot, len(rec.Payload))
			}
			return nil
		})
		if k != 1 || err != nil {
			t.Fatal(k, err)
		}
	}
	if len(store.waiting[1]) != 0 {
		t.Errorf("still kept for %v", store.waiting[1])
	}
}

func TestABlobIsDroppedForWhoeverDoesNotGetIt(t *testing.T) {
	r, store, ports := newBlobRun(t, 4)
	l, err := ports[0].Lend(r.geometry.ChunkLimit()+1, 1, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	wantPanic(t, "commit before Seal", func() { _ = mustOpen(t, ports[0], 1, 0).CommitLoan(l, Meta{}) })
	if err := l.Seal(10); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, ports[0], 1, 0)
	if err := s.CommitLoan(l, Meta{}); err != nil {
		t.Fatal(err)
	}
	l.Forget(2)
	l.Forget(2)
	if got := sprint(store.waiting[1]); got != "[1 3]" {
		t.Errorf("after Forget kept for %s", got)
	}
	l.Release()
	if got := sprint(store.waiting[1]); got != "[1]" {
		t.Errorf("after Release kept for %s", got)
	}

	store.fail = errors.New("supervisor is gone")
	l, err = ports[0].Lend(r.geometry.ChunkLimit()+1, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, "Seal", l.Seal(10), store.fail)
	l.Release()
}

func TestABlobThatCannotBeMappedNowIsTriedAgain(t *testing.T) {
	r, store, ports := newBlobRun(t, 2)
	lendTo(t, ports[0], r.geometry.ChunkLimit()+1, 1)
	handled := 0
	handle := func(*Record) error { handled++; return nil }
	store.fail = shm.ErrNoMemory
	for range 3 {
		n, err := ports[1].Receive(All, handle)
		if n != 0 || !errors.Is(err, shm.ErrNoMemory) {
			t.Fatalf("took %d, %v", n, err)
		}
	}
	store.fail = nil
	if n, err := ports[1].Receive(All, handle); n != 1 || err != nil || handled != 1 {
		t.Errorf("later: took %d, %v", n, err)
	}
}

func TestABlobThatIsLostIsReportedAndSkipped(t *testing.T) {
	r, store, ports := newBlobRun(t, 2)
	lendTo(t, ports[0], r.geometry.ChunkLimit()+1, 1)
	mustSend(t, mustOpen(t, ports[0], 1, 0), Meta{}, []byte("next"))
	store.fail = errors.New("lost")
	_, err := ports[1].Receive(All, func(*Record) error { t.Error("handed on"); return nil })
	wantError(t, "the lost one", err, store.fail)
	if got := take(t, ports[1]); len(got) != 1 || string(got[0]) != "next" {
		t.Errorf("then got %q", got)
	}
}

func TestWithoutBlobsAPayloadBeyondTheSlabIsTooLarge(t *testing.T) {
	r := newRun(small(2))
	_, err := r.port(t, 0, Poll).Lend(r.geometry.ChunkLimit()+1, 1)
	wantError(t, "Lend", err, ErrTooLarge)
}
