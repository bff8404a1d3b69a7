package ring

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

func newDirectory(t testing.TB, slots int) (*Directory, []byte) {
	t.Helper()
	g := small(slots)
	mem := shm.Aligned(g.DirectorySize())
	d, err := NewDirectory(mem, g)
	if err != nil {
		t.Fatal(err)
	}
	return d, mem
}

func TestARowComesBackWhole(t *testing.T) {
	d, _ := newDirectory(t, 3)
	want := Row{
		ID: 1<<40 | 2, State: RowAdded, Flags: RowResident, Incarnation: 3, PID: 4, Inbox: 5,
		Outboxes: [OutboxesPerSlot]OutboxRef{{3, 7}, {}, {2, 9}, {}},
		Kind:     strings.Repeat("k", MaxName), Name: "pricer",
	}
	version := d.Version()
	d.Set(2, want)
	if got, err := d.Row(2); got != want || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	if d.Version() == version {
		t.Error("the version has not changed")
	}
	if got, err := d.Row(1); got != (Row{}) || err != nil || d.Slots() != 3 {
		t.Errorf("an untouched row is %+v, %v", got, err)
	}
	d.Set(2, Row{Name: strings.Repeat("n", MaxName+1)})
	if got, _ := d.Row(2); got.Name != strings.Repeat("n", MaxName) {
		t.Errorf("a name that is too long becomes %q", got.Name)
	}
	for _, slot := range []int{-1, 3} {
		_, err := d.Row(slot)
		wantError(t, fmt.Sprint("row ", slot), err, ErrNoPeer)
	}
	_, err := NewDirectory(make([]byte, 100), small(2))
	wantError(t, "a directory of 100 bytes", err, ErrGeometry)
}

func TestRowsAreNeverTorn(t *testing.T) {
	d, _ := newDirectory(t, 2)
	row := func(i int) Row {
		return Row{
			ID: uint64(i), State: uint32(i), Flags: uint32(i), Incarnation: uint32(i), PID: uint32(i), Inbox: uint32(i),
			Kind: fmt.Sprint(i), Name: strings.Repeat(fmt.Sprint(i%10), 90),
		}
	}
	d.Set(1, row(0))
	var stop atomic.Bool
	written := make(chan int)
	go func() {
		i := 0
		for ; !stop.Load(); i++ {
			d.Set(1, row(i))
		}
		written <- i
	}()
	reads, changes, last := 0, 0, uint64(0)
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); reads++ {
		got, err := d.Row(1)
		if err != nil {
			t.Fatal(err)
		}
		if want := row(int(got.ID)); got != want {
			t.Fatalf("a torn row: %+v", got)
		}
		if got.ID < last {
			t.Fatalf("row %d after row %d", got.ID, last)
		}
		if got.ID != last {
			changes++
		}
		last = got.ID
	}
	stop.Store(true)
	t.Logf("%d reads saw %d of %d rows", reads, changes, <-written)
}

func TestReadingARowDoesNotWaitForAWriterStoppedInTheMiddle(t *testing.T) {
	d, mem := newDirectory(t, 2)
	want := Row{ID: 7, Name: "whole"}
	d.Set(1, want)
	at := dirRows + rowStride
	other := int(shm.Uint64(mem, at).Load()+1) % 2
	for i := range rowSize / 2 { // half a row, and turn as it was
		mem[at+rowCopies+other*rowSize+i] = 0xee
	}
	if got, err := d.Row(1); got != want || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestADictionaryIsReadAsFarAsItIsWritten(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	for i, entry := range []string{"first", "second"} {
		n, err := a.AppendDictionary([]byte(entry))
		if err != nil || int(n) != 5+6*i {
			t.Fatalf("after %q the length is %d, %v", entry, n, err)
		}
	}
	mustSend(t, mustOpen(t, a, 1, 0), Meta{Need: 11}, nil)
	b.Receive(All, func(rec *Record) error {
		from := rec.From()
		for n, want := range map[int]string{5: "first", 11: "firstsecond", -1: "firstsecond", 0: ""} {
			if got, err := from.Dictionary(n); string(got) != want || err != nil {
				t.Errorf("%d bytes are %q, %v", n, got, err)
			}
		}
		_, err := from.Dictionary(12)
		wantError(t, "more than there is", err, ErrCorrupt)
		a.dictWords.Store(1 << 40)
		_, err = from.Dictionary(-1)
		wantError(t, "a length beyond the dictionary", err, ErrCorrupt)
		_, err = from.Dictionary(5)
		wantError(t, "any part of it", err, ErrCorrupt)
		return nil
	})
}

func TestADictionaryClaimsMemoryAsItGrowsAndFillsUp(t *testing.T) {
	g := Geometry{Slots: 2, LaneSize: MinLaneSize, SlabSize: MinSlabSize, DictionarySize: 3 * pageSize}
	r := newRun(g)
	var claimed int64
	p, err := NewPort(Config{
		Geometry: g, Slot: 0, Outbox: r.setOutbox(0, 0, 1), Inbox: r.inboxes[0], Bells: r.bells, Memory: r,
		Allocate: func(offset, length int64) error {
			if offset != int64(g.outbox().dictionary)+claimed {
				t.Errorf("claimed %d bytes at %d, had %d", length, offset, claimed)
			}
			claimed += length
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	entry := make([]byte, 1000)
	for i := 1; i <= 12; i++ {
		if _, err := p.AppendDictionary(entry); err != nil {
			t.Fatal(err)
		}
		if claimed < int64(i*1000) || claimed >= int64(i*1000+pageSize) {
			t.Errorf("%d bytes have %d of memory", i*1000, claimed)
		}
	}
	n, err := p.AppendDictionary(entry)
	wantError(t, "one more", err, ErrFull)
	if n != 12000 {
		t.Errorf("then the length is %d", n)
	}
	if _, err := p.AppendDictionary(entry[:288]); err != nil {
		t.Errorf("to the last byte: %v", err)
	}
}

func TestListensAreSeenOnceAddListenReturned(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	var want [][]byte
	for i := range 20 {
		entry := bytes.Repeat([]byte{byte(i)}, i)
		epoch := b.Epoch()
		if err := a.AddListen(entry); err != nil {
			t.Fatal(err)
		}
		want = append(want, entry)
		if got, err := b.Listens(0); sprint(got) != sprint(want) || err != nil {
			t.Fatalf("got %v, %v", got, err)
		}
		if b.Epoch() == epoch {
			t.Fatal("the epoch has not grown")
		}
	}
	if got, err := b.Listens(1); len(got) != 0 || err != nil {
		t.Errorf("who listens to nothing listens to %v, %v", got, err)
	}
	_, err := b.Listens(9)
	wantError(t, "a slot that is not", err, ErrNoPeer)
	wantError(t, "an entry beyond the table", a.AddListen(make([]byte, inListenTableSize)), ErrFull)
}

func TestAListenTableEmptiedOverAndOverIsNonsense(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("with one processor nobody empties the table while it is read")
	}
	r := newRun(small(2))
	a := r.port(t, 0, Poll)
	word := shm.Uint64(r.inboxes[1], inListens)
	word.Store(inListenTableSize)
	var stop atomic.Bool
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for !stop.Load() {
			word.Add(1 << 32)
			runtime.Gosched()
		}
	}()
	defer func() {
		stop.Store(true)
		<-stopped
	}()
	eventually(t, "the reader gives up", func() bool {
		_, err := a.Listens(1)
		return errors.Is(err, ErrCorrupt)
	})
}

func TestAPairConnectsTwoPorts(t *testing.T) {
	pair, err := CreatePair(Geometry{})
	if err != nil {
		t.Fatal(err)
	}
	defer pair.Close()
	file, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", pair.File().Fd()), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	other, err := OpenPair(file)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	a, err := pair.Port(0, Poll)
	if err != nil {
		t.Fatal(err)
	}
	b, err := other.Port(1, Poll)
	if err != nil {
		t.Fatal(err)
	}
	mustSend(t, mustOpen(t, a, 1, 0), Meta{}, []byte("hello"))
	if got := take(t, b); len(got) != 1 || string(got[0]) != "hello" {
		t.Errorf("got %q", got)
	}
	_, err = pair.Port(2, Poll)
	wantError(t, "side 2", err, ErrGeometry)
}

func TestASegmentThatIsNoPairIsRefused(t *testing.T) {
	open := func(h shm.Header) error {
		t.Helper()
		s, err := shm.Create("test", h)
		if err != nil {
			t.Fatal(err)
		}
		s.Publish()
		_, err = OpenPair(s.File())
		s.Unmap()
		return err
	}
	g := small(2)
	_, _, size := pairLayout(g)
	wantError(t, "another kind", open(shm.Header{Kind: shm.KindInbox, Size: int64(size), Params: g.Params()}), shm.ErrLayout)
	wantError(t, "no geometry", open(shm.Header{Kind: shm.KindOutbox, Size: int64(size)}), ErrGeometry)
	wantError(t, "three slots", open(shm.Header{Kind: shm.KindOutbox, Size: int64(size), Params: small(3).Params()}), ErrGeometry)
	wantError(t, "too short", open(shm.Header{Kind: shm.KindOutbox, Size: int64(size - pageSize), Params: g.Params()}), ErrGeometry)
	_, err := CreatePair(Geometry{LaneSize: 5})
	wantError(t, "bad sizes", err, ErrGeometry)
}
