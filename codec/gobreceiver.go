package codec

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
)

// A gobReceiver decodes the values of one sender with one gob.Decoder. The
// decoder must read each description once and before the first value that
// needs it, and is of no use after an error; so all of them are remembered, and
// a new decoder reads them again.
type gobReceiver struct {
	set      *wireSet
	messages []byte       // the descriptions, as the sender's encoder wrote them
	ends     []mark       // of each
	dec      *gob.Decoder // nil: to be made
	fed      int          // descriptions that dec has read
	made     int          // generation of set that dec belongs to
	in       gobInput
}

// mark says where a description ends, in messages and in the dictionary.
type mark struct{ messages, dictionary int }

func newGobReceiver() gobReceiver { return gobReceiver{set: newWireSet()} }

// add takes in a dictionary entry that ends at offset end of the dictionary.
func (r *gobReceiver) add(whole []byte, end int) error {
	body, _, rest, err := message(whole)
	if err != nil || len(rest) > 0 {
		return errGob
	}
	id, w, err := description(body)
	if err != nil {
		return err
	}
	if r.set.types[id] != nil {
		return fmt.Errorf("gob type %d is described twice", id)
	}
	if len(r.ends) == maxDescriptions {
		return fmt.Errorf("more than %d gob types", maxDescriptions)
	}
	r.set.types[id] = w
	r.messages = append(r.messages, whole...)
	r.ends = append(r.ends, mark{len(r.messages), end})
	return nil
}

// decode sets *v, a zero value of type t, from one value message of entry e,
// after the decoder has read the descriptions in the first need bytes of the
// dictionary.
func (r *gobReceiver) decode(e *Entry, need uint32, payload []byte, t reflect.Type, v any, limit int) error {
	if e.startsFlat(payload) {
		if r.read(need, payload, v) == nil {
			return nil
		}
		reflect.ValueOf(v).Elem().SetZero()
	}
	body, id, err := valueMessage(payload)
	if err != nil {
		return err
	}
	n, err := r.set.node(id, t)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := walkGob(r.set, n, body, limit); err != nil {
		return err
	}
	if n.isFlat() && len(payload) <= math.MaxInt8 {
		e.flatID = bytes.Clone(payload[1 : len(payload)-len(body)])
	}
	return r.read(need, payload, v)
}

// startsFlat reports whether payload is one short message of the type that e
// was last seen with, and that type is flat: such a value needs no walk before
// it is decoded, but one after gob has failed, to see whose fault it was.
func (e *Entry) startsFlat(payload []byte) bool {
	return len(e.flatID) > 0 && len(payload) > 0 && payload[0] <= math.MaxInt8 &&
		int(payload[0]) == len(payload)-1 && bytes.HasPrefix(payload[1:], e.flatID)
}

// read lets gob decode one value message.
func (r *gobReceiver) read(need uint32, payload []byte, v any) error {
	if r.dec == nil || r.made != r.set.generation {
		r.dec, r.fed, r.made = gob.NewDecoder(&r.in), 0, r.set.generation
	}
	from, to := r.fed, r.fed
	for to < len(r.ends) && r.ends[to].dictionary <= int(need) {
		to++
	}
	r.fed = to
	err := decodeGob(r.dec, &r.in, r.messages[r.end(from):r.end(to)], payload, v)
	if err != nil {
		r.dec = nil
	}
	return err
}

// end is where the first n descriptions end in messages.
func (r *gobReceiver) end(n int) int {
	if n == 0 {
		return 0
	}
	return r.ends[n-1].messages
}

// decodeSelfContained sets *v, a zero value, from a payload that holds all
// descriptions it needs.
func decodeSelfContained(payload []byte, v any, limit int) error {
	set, value, err := splitSelfContained(payload)
	if err != nil {
		return err
	}
	if err := checkGob(set, value, reflect.TypeOf(v).Elem(), limit); err != nil {
		return err
	}
	in := new(gobInput)
	return decodeGob(gob.NewDecoder(in), in, payload, nil, v)
}

// splitSelfContained parts the descriptions from the message with the value.
func splitSelfContained(payload []byte) (set *wireSet, value []byte, err error) {
	set = newWireSet()
	for {
		body, _, rest, err := message(payload)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		if c := (gobCursor{b: body}); c.id() > 0 {
			return set, payload, nil
		}
		id, w, err := description(body)
		if err != nil || set.types[id] != nil || len(set.types) == maxDescriptions {
			return nil, nil, fmt.Errorf("%w: bad description in a gob", ErrCorrupt)
		}
		set.types[id] = w
		payload = rest
	}
}

// checkGob walks over payload, one value message to be decoded into a t, and
// reports why it must not be decoded.
func checkGob(set *wireSet, payload []byte, t reflect.Type, limit int) error {
	body, id, err := valueMessage(payload)
	if err != nil {
		return err
	}
	n, err := set.node(id, t)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return walkGob(set, n, body, limit)
}

// valueMessage takes payload, which must be one message, apart.
func valueMessage(payload []byte) (body []byte, id int32, err error) {
	body, _, rest, err := message(payload)
	if err != nil || len(rest) > 0 {
		return nil, 0, fmt.Errorf("%w: a gob of %d bytes is not one message", ErrCorrupt, len(payload))
	}
	c := gobCursor{b: body}
	id = c.id()
	return c.b, id, nil
}

// walkGob walks over body, the value of type n behind its id.
func walkGob(set *wireSet, n *node, body []byte, limit int) error {
	w := gobWalk{gobCursor: gobCursor{b: body}, set: set, budget: uint64(limit)}
	err := w.value(n)
	switch {
	case err == nil && len(w.b) > 0:
		return fmt.Errorf("%w: %d bytes behind a gob value", ErrCorrupt, len(w.b))
	case err == nil || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrCorrupt):
		return err
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// decodeGob sets *v with dec, which reads from in: descriptions, then a value.
func decodeGob(dec *gob.Decoder, in *gobInput, descriptions, value []byte, v any) (err error) {
	in.b, in.next = descriptions, value
	defer func() {
		in.b, in.next = nil, nil
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: panic while decoding a gob: %v", ErrCorrupt, p)
		}
	}()
	err = dec.Decode(v)
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "name not registered for interface"):
		return fmt.Errorf("%w: %w; call codec.Register for it in init of the receiving program", ErrUnregistered, err)
	}
	return fmt.Errorf("%w: %w", ErrDecode, err)
}

// A gobInput is what a gob.Decoder reads from: two slices, one after the other,
// and then io.EOF. With ReadByte the decoder does not read ahead.
type gobInput struct{ b, next []byte }

func (in *gobInput) Read(p []byte) (int, error) {
	if len(in.b) == 0 {
		in.b, in.next = in.next, nil
	}
	n := copy(p, in.b)
	in.b = in.b[n:]
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (in *gobInput) ReadByte() (byte, error) {
	var p [1]byte
	_, err := in.Read(p[:])
	return p[0], err
}
