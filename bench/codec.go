package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench/floor"
	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// The floors of the codecs.
const (
	floorCopy = "copied in and out"
	floorBoth = "persistent gob pair, both halves in turn"
)

func init() {
	register(Scenario{
		Name: "codec",
		Doc:  "messages per second encoded and decoded, without any transport",
		Long: `One process encodes each message and decodes it again; without --codec, one
result for each. The floor is the bytes copied in and out, and for gob an encoder
and a decoder that live as long as the process.`,
		Flags:     []string{"size", "codec"},
		EachCodec: true,
		Run:       runCodec,
	})
}

func runCodec(ctx context.Context, o Options, out func(Outcome)) error {
	cores, err := o.place(1, true)
	if err != nil {
		return err
	}
	o.Cores = cores
	p := plan{Options: o, Parts: []part{{Kind: partIdle}}, Floor: floorCopy}
	if o.Codec == CodecGob {
		p.Floor = floorBoth
	}
	s := &session{plan: p}
	super := supervisor.New(
		supervisor.WithoutSignals(), supervisor.WithStdout(os.Stderr),
		supervisor.OnObject(func(_ worker.ID, v sample) { s.samples = append(s.samples, v) }),
	)
	if _, err := super.Add(codecKind.Spec(p).OnCore(cores[0])); err != nil {
		return err
	}
	ended := super.Run(ctx)
	return s.finish(ctx, ended, func(r *Result) {
		r.Scenario, r.API, r.Wait, r.Batch, r.SyscallsPerMillion = "codec", "", "", 0, nil
	}, out)
}

// messagesPerLook is how many messages are encoded and decoded between two
// looks at the clock.
const messagesPerLook = 64

// codecKind is the process that encodes and decodes.
var codecKind = worker.Define("bench-codec", func(ctx context.Context, w *worker.Worker, p plan) error {
	o := p.Options
	var once func(n int) error
	switch o.Codec {
	case CodecGob:
		once = coder(newGobMessage, func(m gobMessage) (uint64, bool) { return m.Number, m.intact() })
	case CodecZstd:
		once = coder(packer(o.Size), readText)
	case CodecRaw:
		buf := make([]byte, o.Size)
		once = coder(func(n uint64) []byte { stamp(buf, n); return buf }, func(m []byte) (uint64, bool) { return read(m) })
	default:
		once = coder(func(n uint64) (m block32) { stampFixed(shm.ValueBytes(&m), n); return m },
			func(m block32) (uint64, bool) { return readFixed(shm.ValueBytes(&m)) })
	}
	before, err := p.codecFloor()
	for good, tries := 0, 0; err == nil && good < o.Runs && tries < attemptsPer*o.Runs && ctx.Err() == nil; tries++ {
		s := sample{Before: before}
		if err := p.code(w, once, &s); err != nil {
			return err
		}
		if before, err = p.codecFloor(); err != nil {
			return err
		}
		if s.After = before; s.agrees() {
			good++
		}
		err = worker.Emit(ctx, w, s)
	}
	return err
})

// code makes one run.
func (p *plan) code(w *worker.Worker, once func(n int) error, s *sample) error {
	meter, start := startMeter(w), time.Now()
	for ; time.Since(start) < p.Options.Duration; s.Messages += messagesPerLook {
		if err := once(messagesPerLook); err != nil {
			return err
		}
	}
	s.Seconds = time.Since(start).Seconds()
	var r report
	meter.stop(&r)
	s.Value, s.Mallocs, s.CPU = float64(s.Messages)/s.Seconds, r.Mallocs, []float64{100 * r.CPU / r.Elapsed}
	return nil
}

// codecFloor measures the floor once.
func (p *plan) codecFloor() (float64, error) {
	duration := max(min(p.Options.Duration/floorShare, floorMost), floorLeast)
	if p.Floor == floorCopy {
		return floor.Copy(p.Options.Size, duration), nil
	}
	encode, decode, err := floor.Gob(newGobMessage(1), duration)
	return 1 / (1/encode + 1/decode), err
}

// heapDictionary is the memory for an encoder's descriptions where there is no
// outbox.
type heapDictionary struct{ bytes []byte }

func (d *heapDictionary) Append(entry []byte) (uint32, error) {
	d.bytes = append(d.bytes, entry...)
	return uint32(len(d.bytes)), nil
}

// coder returns a function that encodes and decodes n messages, and sees that
// they come out as they went in.
func coder[T any](make func(number uint64) T, read func(T) (uint64, bool)) func(n int) error {
	dictionary := &heapDictionary{}
	encoder, decoder := codec.NewEncoder(dictionary), codec.NewDecoder(codec.DecoderOptions{SameBinary: true})
	var buf []byte
	var in, out T
	next := uint64(0)
	return func(n int) error {
		t, err := codec.TypeFor[T]()
		if err != nil {
			return err
		}
		for range n {
			in = make(next)
			var header codec.Header
			if buf, header, err = encoder.Append(buf[:0], t, &in); err != nil {
				return err
			}
			if header.Need > decoder.Fed() {
				if err := decoder.Feed(dictionary.bytes); err != nil {
					return err
				}
			}
			if err := decoder.Decode(header, buf, &out); err != nil {
				return err
			}
			if number, intact := read(out); number != next || !intact {
				return fmt.Errorf("%w: message %d came out of its codec as number %d", ErrDamaged, next, number)
			}
			next++
		}
		return nil
	}
}
