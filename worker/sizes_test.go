package worker_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Payloads of the four ways to travel.
type (
	parcel  struct{ Body []byte } // gob
	zparcel struct{ Body []byte } // gob, compressed
	zbytes  []byte                // raw, compressed
)

func init() {
	codec.Register[zparcel](codec.WithZstd(64))
	codec.Register[zbytes](codec.WithZstd(64))
}

// digest is what a receiver says of a payload.
type digest struct {
	Size int64
	CRC  uint32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func digestOf(b []byte) digest { return digest{int64(len(b)), crc32.Checksum(b, castagnoli)} }

// fill gives every word of a payload a value of its own that depends on seed.
func fill(b []byte, seed uint64) []byte {
	for i := 0; i+8 <= len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], seed+uint64(i)*0x9e3779b97f4a7c15)
	}
	for i := len(b) &^ 7; i < len(b); i++ {
		b[i] = byte(seed) + byte(i)
	}
	return b
}

var weigher = define("weigher", func(ctx context.Context, w *worker.Worker) error {
	var seen []digest
	note := func(b []byte) (digest, error) {
		seen = append(seen, digestOf(b))
		return seen[len(seen)-1], nil
	}
	worker.Answer(w, func(_ context.Context, b []byte) (digest, error) { return note(b) })
	worker.Answer(w, func(_ context.Context, p parcel) (digest, error) { return note(p.Body) })
	worker.Answer(w, func(_ context.Context, p zparcel) (digest, error) { return note(p.Body) })
	worker.Answer(w, func(_ context.Context, b zbytes) (digest, error) { return note(b) })
	worker.Answer(w, func(_ context.Context, n int64) (digest, error) { // the n-th digest, when it is there
		if n >= int64(len(seen)) {
			return digest{Size: -1}, nil
		}
		return seen[n], nil
	})
	return servesUntilGoodbye(ctx, w)
})

// sized is the arguments of a worker that sends payloads of these sizes.
type sized struct {
	Sizes []int
	Raw   bool // nothing but []byte
}

var parcelSender = worker.Define("parcel-sender", func(ctx context.Context, w *worker.Worker, a sized) error {
	to := await(ctx, w, "weigher")
	handle := must1(worker.SenderTo[[]byte](w, to))
	sent := int64(0)
	arrives := func(want digest) {
		until(ctx, "it has arrived", func() bool {
			got := must1(worker.Call[digest](ctx, w, to, sent))
			if got.Size >= 0 {
				same("digest", got, want)
			}
			return got.Size >= 0
		})
		sent++
	}
	for i, size := range a.Sizes {
		body := fill(make([]byte, size), uint64(i))
		want := digestOf(body)
		same("raw", must1(worker.Call[digest](ctx, w, to, body)), want)
		sent++
		send(ctx, w, to, body)
		arrives(want)
		must(handle.Send(ctx, body))
		arrives(want)
		fill(must1(handle.Claim(ctx, size)), uint64(i)) // no copy at all
		must(handle.Commit(ctx, size))
		arrives(want)
		if a.Raw {
			continue
		}
		same("gob", must1(worker.Call[digest](ctx, w, to, parcel{body})), want)
		same("compressed gob", must1(worker.Call[digest](ctx, w, to, zparcel{body})), want)
		same("compressed", must1(worker.Call[digest](ctx, w, to, zbytes(body))), want)
		clear(body) // compresses well
		same("zeros", must1(worker.Call[digest](ctx, w, to, zbytes(body))), digestOf(body))
		same("zeros in a gob", must1(worker.Call[digest](ctx, w, to, zparcel{body})), digestOf(body))
		sent += 5
	}
	send(ctx, w, to, goodbye{})
	w.Print("done")
	return nil
})

func TestPayloadsOfEverySizeArriveWhole(t *testing.T) {
	const lane, slab = 64 << 10, 16 << 20
	sizes := []int{0, 1, 15, 16, 17, 4096, lane/4 - 16, lane / 4, lane/4 + 1, 1 << 20, slab / 4, slab/4 + 1}
	printed(t, run(t, nil, weigher, parcelSender.Spec(sized{Sizes: sizes})), "done")
}

func TestPayloadsAtTheEdgesOfTheSmallestMemoryArriveWhole(t *testing.T) {
	const lane, slab = 4 << 10, 64 << 10
	opts := []supervisor.Option{supervisor.WithLaneSize(lane), supervisor.WithSlabSize(slab), supervisor.WithFences()}
	sizes := []int{lane/4 - 17, lane/4 - 16, lane / 4, lane/4 + 1, slab/4 - 1, slab / 4, slab/4 + 1, slab, 4 * slab}
	printed(t, run(t, opts, weigher, parcelSender.Spec(sized{Sizes: sizes})), "done")
}

func TestThePayloadAtTheDefaultLimitArrivesWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("takes memory of 1 GiB")
	}
	printed(t, run(t, nil, weigher, parcelSender.Spec(sized{Sizes: []int{256 << 20}, Raw: true})), "done")
	printed(t, run(t, nil, weigher, parcelSender.Spec(sized{Sizes: []int{32 << 20}})), "done")
}

var overLimit = define("over-limit", func(ctx context.Context, w *worker.Worker) error {
	_, err := worker.Send(ctx, w, w.ID(), make([]byte, 256<<20+1))
	fails(err, worker.ErrTooLarge, "268435457", "268435456")
	return nil
})

func TestOneByteAboveTheDefaultLimitIsTooLarge(t *testing.T) { run(t, nil, overLimit) }

// held receives payloads when it is told to, and not before.
var held = define("held", func(ctx context.Context, w *worker.Worker) error {
	worker.On(w, func(_ context.Context, b []byte) error {
		w.Print("addressed", digestOf(b))
		return worker.Stop
	})
	must1(worker.Call[mark](ctx, w, worker.Name("fan"), ready{}))
	return w.Serve(ctx)
})

var heldListener = define("held-listener", func(ctx context.Context, w *worker.Worker) error {
	must(worker.Listen(w, func(_ context.Context, b []byte) error {
		w.Print("heard", digestOf(b))
		return worker.Stop
	}))
	must1(worker.Call[mark](ctx, w, worker.Name("fan"), ready{}))
	return w.Serve(ctx)
})

var fan = worker.Define("fan", func(ctx context.Context, w *worker.Worker, size int) error {
	var waiting []worker.Caller
	worker.On(w, func(context.Context, ready) error {
		if waiting = append(waiting, w.Caller()); len(waiting) == 5 {
			return worker.Stop
		}
		return nil
	})
	must(w.Serve(ctx))
	// Nobody takes anything yet, and the slab has room for four.
	same("deliveries", must1(worker.TrySend(w, worker.Name("held"), fill(make([]byte, size), 1))), 3)
	for _, caller := range waiting {
		must(worker.Reply(ctx, w, caller, mark{}))
	}
	return nil
})

func TestALargePayloadForManyIsWrittenOnce(t *testing.T) {
	for _, size := range []int{4 << 20, 5 << 20} {
		what := fmt.Sprint(digestOf(fill(make([]byte, size), 1)))
		lines := run(t, nil, fan.Spec(size), held, held, held, heldListener, heldListener)
		printed(t, lines, "addressed "+what, "addressed "+what, "addressed "+what, "heard "+what, "heard "+what)
	}
}

// retainer keeps the first payload while all others come and go.
var retainer = worker.Define("retainer", func(ctx context.Context, w *worker.Worker, size int) error {
	var kept []byte
	var release func()
	var want digest
	n := uint64(0)
	worker.On(w, func(_ context.Context, b []byte) error {
		same("payload", digestOf(b), digestOf(fill(make([]byte, size), n)))
		switch {
		case n == 0:
			kept, release = w.Retain()
			want = digestOf(kept)
		case n == 60:
			release()
			release() // does nothing
		case n < 60:
			same("retained payload", digestOf(kept), want)
		}
		if n++; n == 100 {
			return worker.Stop
		}
		return nil
	})
	return w.Serve(ctx)
})

var retained = worker.Define("retained", func(ctx context.Context, w *worker.Worker, size int) error {
	to := await(ctx, w, "retainer")
	body := make([]byte, size)
	for n := range uint64(100) {
		send(ctx, w, to, fill(body, n))
	}
	return nil
})

func TestARetainedPayloadStaysAsItIsWhileOthersAreOverwritten(t *testing.T) {
	// Two that are half of what a receiver may hold fit beside each other.
	for _, size := range []int{24, 16 << 10, 1 << 20, 2 << 20, 5 << 20} {
		run(t, nil, retainer.Spec(size), retained.Spec(size))
	}
}

// hoarder retains until its quarter of the sender's slab is used up.
var hoarder = define("hoarder", func(ctx context.Context, w *worker.Worker) error {
	var releases []func()
	worker.On(w, func(_ context.Context, b []byte) error {
		_, release := w.Retain()
		releases = append(releases, release)
		return nil
	})
	worker.Answer(w, func(context.Context, mark) (mark, error) {
		n := len(releases)
		for _, release := range releases {
			release()
		}
		releases = nil
		return mark{int64(n)}, nil
	})
	return servesUntilGoodbye(ctx, w)
})

var supplier = define("supplier", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "hoarder")
	worker.On(w, func(context.Context, []byte) error { return nil })
	for range 3 {
		for range 4 {
			send(ctx, w, to, make([]byte, 1<<20))
		}
		_, err := worker.TrySend(w, to, make([]byte, 1<<20))
		fails(err, worker.ErrFull)
		send(ctx, w, w.ID(), make([]byte, 1<<20)) // the others have room
		for got := 0; got == 0; {
			got = must1(w.Poll(ctx))
		}
		same("retained", must1(worker.Call[mark](ctx, w, to, mark{})).N, 4)
	}
	send(ctx, w, to, goodbye{})
	return nil
})

func TestNobodyCanRetainMoreThanAQuarterOfASlab(t *testing.T) {
	run(t, nil, hoarder, supplier)
}

// mapping returns the line of /proc/self/maps with the address of b.
func mapping(b []byte) string {
	var at, low, high uint64
	must1(fmt.Sscanf(fmt.Sprintf("%p", b), "0x%x", &at))
	file := must1(os.Open("/proc/self/maps"))
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if must1(fmt.Sscanf(lines.Text(), "%x-%x", &low, &high)); low <= at && at < high {
			return lines.Text()
		}
	}
	return "nothing"
}

// isShared checks that b lies in a mapping with these rights, of a segment.
func isShared(b []byte, rights string) {
	if line := mapping(b); !strings.Contains(line, " "+rights+" ") || !strings.Contains(line, "memfd:ringmaster") {
		panic(fmt.Sprintf("payload of %d bytes at %p lies in %s", len(b), b, line))
	}
}

var copyless = define("copyless", func(ctx context.Context, w *worker.Worker) error {
	n := 0
	worker.On(w, func(_ context.Context, b []byte) error {
		isShared(b, "r--s")
		same("payload", digestOf(b), digestOf(fill(make([]byte, len(b)), uint64(n))))
		if n++; n == 4 {
			return worker.Stop
		}
		return nil
	})
	return w.Serve(ctx)
})

var inPlace = define("in-place", func(ctx context.Context, w *worker.Worker) error {
	handle := must1(worker.SenderTo[[]byte](w, worker.IDs{await(ctx, w, "copyless")}))
	for i, size := range []int{64, 16 << 10, 1 << 20, 5 << 20} {
		b := must1(handle.Claim(ctx, size))
		same("length", len(b), size)
		isShared(b, "rw-s")
		fill(b, uint64(i))
		must(handle.Commit(ctx, size))
	}
	return nil
})

func TestClaimedPayloadsAreWrittenAndReadInSharedMemory(t *testing.T) {
	run(t, nil, copyless, inPlace)
}

var vandal = define("vandal", func(ctx context.Context, w *worker.Worker) error {
	worker.On(w, func(_ context.Context, b []byte) error {
		b[0] = 1 // is the sender's
		return nil
	})
	return w.Serve(ctx)
})

var victim = worker.Define("victim", func(ctx context.Context, w *worker.Worker, size int) error {
	send(ctx, w, await(ctx, w, "vandal"), make([]byte, size))
	<-ctx.Done()
	return nil
})

func TestWritingToAReceivedPayloadIsAPanicOfTheReceiver(t *testing.T) {
	for _, size := range []int{8, 1 << 20, 5 << 20} {
		o := attempt(t, nil, vandal, victim.Spec(size))
		failure, ok := errors.AsType[*worker.Error](o.err)
		if !ok || failure.Name != "vandal" || failure.Reason != "panic" || !strings.Contains(failure.Stack, "sizes_test.go") {
			t.Errorf("with %d bytes the run returned %v and the stack\n%s", size, o.err, stackOf(o.err))
		}
	}
}
