package bench

import (
	"bufio"
	"encoding/gob"
	"io"
)

// letter is how values of one type are messages.
type letter[T any] struct {
	write func(v *T, number uint64)              // makes v a message
	read  func(v T) (number uint64, intact bool) // is its opposite
	clear func(v *T)                             // what v was must not show through a decoded one: gob leaves zeros out
}

// rpcMessage is gobMessage without a name, since net/rpc wants types exported
// that have one.
type rpcMessage = struct {
	Number uint64
	Name   string
	Value  float64
}

// structLetters are structs of three fields.
func structLetters() letter[rpcMessage] {
	return letter[rpcMessage]{
		write: func(v *rpcMessage, number uint64) { *v = rpcMessage(newGobMessage(number)) },
		read:  func(v rpcMessage) (uint64, bool) { return v.Number, gobMessage(v).intact() },
		clear: func(v *rpcMessage) { *v = rpcMessage{} },
	}
}

// bytesLetters are slices of size bytes. Decoding uses the memory of the slice
// that was decoded before.
func bytesLetters(size int) letter[[]byte] {
	return letter[[]byte]{
		write: func(v *[]byte, number uint64) {
			if *v == nil {
				*v = make([]byte, size)
			}
			stamp(*v, number)
		},
		read:  func(v []byte) (uint64, bool) { return read(v) },
		clear: func(*[]byte) {},
	}
}

// openGob opens one end of a Unix socket with gob on it.
func openGob(e *end) (carrier, error) {
	if e.plan.Options.Codec == CodecGob {
		return newWire(e, connectUnix, newGobCoding(structLetters()))
	}
	return newWire(e, connectUnix, newGobCoding(bytesLetters(e.plan.Options.Size)))
}

// gobCoding keeps one encoder and one decoder, so that types are described once.
type gobCoding[T any] struct {
	letter  letter[T]
	encoder *gob.Encoder
	decoder *gob.Decoder
	buffer  *bufio.Writer
	in, out T
}

func newGobCoding[T any](l letter[T]) func(io.ReadWriter) coding {
	return func(conn io.ReadWriter) coding {
		buffer := bufio.NewWriterSize(conn, bufferSize)
		return &gobCoding[T]{
			letter: l, buffer: buffer,
			encoder: gob.NewEncoder(buffer), decoder: gob.NewDecoder(bufio.NewReaderSize(conn, bufferSize)),
		}
	}
}

func (c *gobCoding[T]) put(number uint64, n int) error {
	for i := range n {
		c.letter.write(&c.out, number+uint64(i))
		if err := c.encoder.Encode(&c.out); err != nil {
			return err
		}
	}
	return nil
}

func (c *gobCoding[T]) flush() error { return c.buffer.Flush() }

func (c *gobCoding[T]) take(t *tally) error {
	for {
		c.letter.clear(&c.in)
		if err := c.decoder.Decode(&c.in); err != nil {
			return err
		}
		if err := t.take(c.letter.read(c.in)); err != nil {
			return err
		}
	}
}
