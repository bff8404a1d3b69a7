package codec

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
)

// A Dictionary is the append-only memory in which a sender describes its types
// to all receivers. Append makes entry visible as a whole and returns the length
// of the dictionary after it, in bytes. An error means that it is full.
type Dictionary interface {
	Append(entry []byte) (length uint32, err error)
}

// A Header is what a record says about its payload.
type Header struct {
	Type  uint16 // index of the type's entry in the sender's dictionary, from 1
	Flags uint8  // FlagZstd, FlagSelfContained
	Need  uint32 // bytes of the dictionary that must be fed before decoding
}

// Flags of a Header.
const (
	// FlagZstd: the payload is a zstd frame.
	FlagZstd = 1 << 0
	// FlagSelfContained: the payload is a gob with its own type descriptions.
	// It takes ten times as long and more to encode and decode.
	FlagSelfContained = 1 << 1

	allFlags = FlagZstd | FlagSelfContained
)

// An Encoder is the sending half of a process. It is safe for concurrent use:
// one lock guards gob and the first use of a type, nothing else takes it.
type Encoder struct {
	// headers is indexed by Type.id; Header.Type is 0 for a type that has not
	// been announced. Copied on write, under mu.
	headers atomic.Pointer[[]Header]

	mu     sync.Mutex
	dict   Dictionary
	length uint32 // of the dictionary
	types  int    // entries of types in it
	gob    *gobStream
	gobs   int  // entries of gob types in it
	full   bool // a gob type did not fit; none is tried again
}

// NewEncoder returns an Encoder that describes its types in d, which must be
// empty and have no other writer.
func NewEncoder(d Dictionary) *Encoder {
	e := &Encoder{dict: d}
	e.gob = newGobStream(e.describe)
	e.headers.Store(new([]Header))
	return e
}

// Announce makes sure that t's entry is in the dictionary and returns the
// header for its payloads. It takes a lock at the first use of t, and later
// neither a lock nor memory. Without room for the entry it is ErrDictionaryFull.
func (e *Encoder) Announce(t *Type) (Header, error) {
	if h, ok := e.announced(t); ok {
		return h, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.announce(t)
}

func (e *Encoder) announced(t *Type) (Header, bool) {
	headers := *e.headers.Load()
	if t.id >= len(headers) || headers[t.id].Type == 0 {
		return Header{}, false
	}
	return headers[t.id], true
}

// announce is Announce with mu held.
func (e *Encoder) announce(t *Type) (Header, error) {
	if h, ok := e.announced(t); ok {
		return h, nil
	}
	if e.types == maxTypes {
		return Header{}, fmt.Errorf("%w: announcing %s: %d types are announced", ErrDictionaryFull, t.name, e.types)
	}
	body, err := typeEntry(t)
	if err != nil {
		return Header{}, err
	}
	length, err := e.dict.Append(appendEntry(nil, entryType, body))
	if err != nil {
		return Header{}, fmt.Errorf("%w: announcing %s: %w", ErrDictionaryFull, t.name, err)
	}
	e.length = length
	e.types++
	old := *e.headers.Load()
	headers := make([]Header, max(len(old), t.id+1))
	copy(headers, old)
	headers[t.id] = Header{Type: uint16(e.types), Need: length}
	e.headers.Store(&headers)
	return headers[t.id], nil
}

// describe puts the description of a gob type into the dictionary, with mu held.
func (e *Encoder) describe(_ int32, message []byte) error {
	if e.full || e.gobs == maxDescriptions || len(message) > maxEntry {
		return ErrDictionaryFull
	}
	length, err := e.dict.Append(appendEntry(nil, entryGob, message))
	if err != nil {
		e.full = true
		return err
	}
	e.length = length
	e.gobs++
	return nil
}

// Append appends the payload for *v to dst and returns the longer slice and the
// payload's header. v must be a non-nil *T for the Type t of T, else it is
// ErrMismatch. The type is announced if need be. An error of the value's own
// methods, or of gob, is wrapped in ErrEncode; then dst is returned as it was.
// Append allocates nothing but room in dst for fixed and raw values, and what
// gob allocates. Methods that gob calls on the value must not use e.
//
// A gob value whose types no longer fit into the dictionary is sent
// self-contained, which is slow.
func (e *Encoder) Append(dst []byte, t *Type, v any) ([]byte, Header, error) {
	if err := t.pointerTo(v); err != nil {
		return dst, Header{}, err
	}
	h, err := e.Announce(t)
	if err != nil {
		return dst, Header{}, err
	}
	start := len(dst)
	out, err := e.encode(dst, t, v, &h)
	if err != nil {
		return dst, Header{}, fmt.Errorf("%w %s: %w", ErrEncode, t.name, err)
	}
	if t.zstd > 0 && len(out)-start >= t.zstd {
		var smaller bool
		if out, smaller = compress(out, start); smaller {
			h.Flags |= FlagZstd
		}
	}
	return out, h, nil
}

// encode appends the payload before compression.
func (e *Encoder) encode(dst []byte, t *Type, v any, h *Header) ([]byte, error) {
	switch {
	case t.plug != nil:
		return t.plug.Append(dst, v)
	case t.codec == codecFixed:
		return appendFixed(dst, t, v), nil
	case t.codec == codecRaw:
		return append(dst, rawBytes(v)...), nil
	case t.codec == codecBinary:
		return appendBinary(dst, v)
	}
	return e.appendGob(dst, t, v, h)
}

func appendFixed(dst []byte, t *Type, v any) []byte {
	value := t.memory(v)
	start := len(dst)
	dst = append(dst, value...)
	t.PutFixed(dst[start:], value)
	return dst
}

// rawBytes is the byte slice that v points to.
func rawBytes(v any) []byte {
	if b, ok := v.(*[]byte); ok {
		return *b
	}
	return reflect.ValueOf(v).Elem().Bytes()
}

func appendBinary(dst []byte, v any) ([]byte, error) {
	if a, ok := v.(encoding.BinaryAppender); ok {
		return a.AppendBinary(dst)
	}
	b, err := v.(encoding.BinaryMarshaler).MarshalBinary()
	return append(dst, b...), err
}

// appendGob appends a gob of *v and sets what h says about it.
func (e *Encoder) appendGob(dst []byte, t *Type, v any, h *Header) ([]byte, error) {
	out, need, err := e.lockedGob(dst, t, v)
	h.Need = need
	if !errors.Is(err, errUndescribed) {
		return out, err
	}
	h.Flags |= FlagSelfContained
	return appendSelfContained(dst, v)
}

// lockedGob encodes *v with the persistent gob encoder, and returns how much of
// the dictionary describes it.
func (e *Encoder) lockedGob(dst []byte, t *Type, v any) (out []byte, need uint32, err error) {
	e.mu.Lock()
	defer e.mu.Unlock() // also when a method of the value panics
	out, err = e.gob.encode(dst, t.id, v)
	return out, e.length, err
}
