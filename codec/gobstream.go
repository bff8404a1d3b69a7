package codec

import (
	"encoding/gob"
	"errors"
	"fmt"
	"math"
)

// A gobStream encodes values with one gob.Encoder and parts its output. Each
// Write of a gob.Encoder is one message; a negative id at its beginning says
// that it describes a type. Descriptions go to learn, once each, and what is
// appended to a payload is one message that holds a value and no description.
//
// gob describes the dynamic type of an interface inside the value that first
// holds one. Such a value is encoded twice: the first output is searched for
// descriptions and dropped; gob, which now takes them for sent, encodes the
// value without them.
type gobStream struct {
	enc    *gob.Encoder
	out    []byte // where Write appends, during run
	writes int    // messages in it
	set    *wireSet
	// settled tells, by Type.id, which types are described and can hold no
	// interface: if gob says one thing of such a value, it is the value.
	settled []bool
	// learn stores the message that describes type id where receivers find it
	// before the value. An error leaves the type undescribed.
	learn func(id int32, message []byte) error
}

// errUndescribed: learn failed, so that this stream cannot carry the value.
var errUndescribed = errors.New("gob type not described")

// anyType stands for the id of a type that need not be registered.
const anyType = math.MaxInt

func newGobStream(learn func(id int32, message []byte) error) *gobStream {
	return &gobStream{set: newWireSet(), learn: learn}
}

// Write collects the output of the gob.Encoder.
func (s *gobStream) Write(p []byte) (int, error) {
	s.out = append(s.out, p...)
	s.writes++
	return len(p), nil
}

// encode appends the message for *v to dst; id is that of its Type, or anyType.
// An error wraps errUndescribed, or is what gob says of the value.
func (s *gobStream) encode(dst []byte, id int, v any) ([]byte, error) {
	const attempts = 2 // the first one may teach the encoder its types
	for range attempts {
		out, err := s.run(dst, v)
		if err != nil {
			return dst, err
		}
		if s.writes == 1 && id < len(s.settled) && s.settled[id] {
			return out, nil
		}
		value, clean, err := s.part(out[len(dst):], id)
		if err != nil {
			return dst, fmt.Errorf("%w: %w", errUndescribed, err)
		}
		if clean {
			return append(out[:len(dst)], value...), nil
		}
	}
	return dst, errors.New("value changes while it is encoded")
}

// run lets gob append everything it has to say about v to dst. After an error
// or a panic in v's own methods the encoder is discarded, since nobody knows
// what it takes for sent; a new one describes the types again, and those that
// are known are passed over.
func (s *gobStream) run(dst []byte, v any) (out []byte, err error) {
	if s.enc == nil {
		s.enc = gob.NewEncoder(s)
	}
	s.out, s.writes = dst, 0
	done := false
	defer func() {
		s.out = nil
		if !done || err != nil {
			s.enc = nil
		}
	}()
	err = s.enc.Encode(v)
	done = true
	return s.out, err
}

// part learns the descriptions in out, the messages for one value, and returns
// the value's. It is not clean if descriptions were found inside of it.
func (s *gobStream) part(out []byte, typeID int) (value []byte, clean bool, err error) {
	for {
		body, whole, rest, err := message(out)
		if err != nil {
			return nil, false, err
		}
		c := gobCursor{b: body}
		id := c.id()
		if id > 0 {
			clean, err = s.inspect(id, c, rest, typeID)
			return whole, clean, err
		}
		id, w, err := description(body)
		if err != nil {
			return nil, false, err
		}
		if err := s.add(id, whole, w); err != nil {
			return nil, false, err
		}
		out = rest
	}
}

// inspect reports whether the value message behind cursor c, of type id, is
// free of descriptions, and learns those it holds.
func (s *gobStream) inspect(id int32, c gobCursor, rest []byte, typeID int) (clean bool, err error) {
	n, err := s.set.node(id, nil)
	if err != nil {
		return false, err
	}
	if !n.mayHoldInterface() {
		s.settle(typeID)
		return len(rest) == 0, nil
	}
	w := gobWalk{gobCursor: c, set: s.set, budget: math.MaxUint64, learn: s.add, rest: rest}
	if err := w.value(n); err != nil {
		return false, err
	}
	return w.learned == 0 && len(w.b) == 0 && len(w.rest) == 0, nil
}

// settle takes note of a type, if it is one of the program's own.
func (s *gobStream) settle(id int) {
	if id == anyType {
		return
	}
	for id >= len(s.settled) {
		s.settled = append(s.settled, false)
	}
	s.settled[id] = true
}

// add learns the description of type id, unless it is known.
func (s *gobStream) add(id int32, message []byte, w *wireType) error {
	if s.set.types[id] != nil {
		return nil
	}
	if err := s.learn(id, message); err != nil {
		return err
	}
	s.set.types[id] = w
	return nil
}

// appendSelfContained appends to dst all descriptions that *v needs, and the
// message for its value: a payload that a decoder which knows nothing can
// read, at the price of an encoder of its own.
func appendSelfContained(dst []byte, v any) ([]byte, error) {
	start := len(dst)
	s := newGobStream(func(_ int32, message []byte) error {
		dst = append(dst, message...)
		return nil
	})
	value, err := s.encode(nil, anyType, v)
	if err != nil {
		return dst[:start], err
	}
	return append(dst, value...), nil
}
