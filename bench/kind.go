package bench

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// kind is how messages of one type are sent and received. Receiving begins
// before sending: a handler must be there when the first message is.
type kind struct {
	handle    func(e *end) error
	newSource func(e *end) (source, error)
}

// kindFor returns the kind of message that options ask for.
func kindFor(o Options) kind {
	if o.API == APILane {
		return kind{
			handle:    func(*end) error { return nil }, // see receiveLane
			newSource: func(e *end) (source, error) { return newLaneSource(e) },
		}
	}
	switch o.Codec {
	case CodecGob:
		return madeKind(newGobMessage, func(m gobMessage) (uint64, bool) { return m.Number, m.intact() })
	case CodecZstd:
		return madeKind(packer(o.Size), readText)
	case CodecRaw:
		return kind{handle: handler(func(m []byte) (uint64, bool) { return read(m) }), newSource: newBytesSource}
	}
	switch o.Size {
	case 32:
		return fixedKind[block32]()
	case 64:
		return fixedKind[block64]()
	case 128:
		return fixedKind[block128]()
	case 256:
		return fixedKind[block256]()
	case 512:
		return fixedKind[block512]()
	case 1024:
		return fixedKind[block1024]()
	}
	return fixedKind[block4096]()
}

func madeKind[T any](make func(number uint64) T, read func(T) (uint64, bool)) kind {
	return kind{
		handle:    handler(read),
		newSource: func(e *end) (source, error) { return newTypedSource(e, make) },
	}
}

// fixedKind is for types whose bytes are stamped. Its handler has no further
// function between itself and the bytes: in profiles of a stream that one took
// as long as the rest of the handler.
func fixedKind[T any]() kind {
	return kind{
		handle: func(e *end) error {
			return handle(e, func(_ context.Context, m T) error { return e.tally.take(readFixed(shm.ValueBytes(&m))) })
		},
		newSource: func(e *end) (source, error) { return newTypedSource[T](e, nil) },
	}
}

// handler returns a function that registers the tally as the handler for a
// type.
func handler[T any](read func(T) (uint64, bool)) func(e *end) error {
	return func(e *end) error {
		return handle(e, func(_ context.Context, m T) error { return e.tally.take(read(m)) })
	}
}

// handle registers a handler, for messages or for copies of them.
func handle[T any](e *end, take func(context.Context, T) error) error {
	if e.plan.Options.Target == targetListeners {
		return worker.Listen(e.w, take)
	}
	worker.On(e.w, take)
	return nil
}

// packer returns a function that makes compressible messages. They share their
// memory: a message is sent before the next one is made.
func packer(size int) func(number uint64) packed {
	text := compressible(size)
	return func(number uint64) packed {
		stampFixed(text, number)
		return text
	}
}
