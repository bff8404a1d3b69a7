package codec

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
)

// Decode sets *v from payload. v must be a non-nil *T, for the T that this
// process has registered under the entry's name; what *v held is lost, also
// after an error, unless a plugged-in codec keeps it. payload is only read, and nothing of it is kept.
//
// The errors: ErrUnknownType (Feed more of the dictionary), ErrUnregistered,
// ErrLayout, ErrMismatch (v), ErrTooLarge, ErrCorrupt, ErrDecode. After each of
// them the Decoder remains usable.
func (d *Decoder) Decode(h Header, payload []byte, v any) error {
	e, err := d.entry(h, payload)
	if err != nil {
		return err
	}
	t, err := d.localType(e)
	if err != nil {
		return err
	}
	if err := t.pointerTo(v); err != nil {
		return err
	}
	return d.decode(e, t, h, payload, v)
}

// DecodeAny decodes payload as the type of its entry and returns the T itself.
// Its errors are those of Decode.
func (d *Decoder) DecodeAny(h Header, payload []byte) (any, error) {
	e, err := d.entry(h, payload)
	if err != nil {
		return nil, err
	}
	t, err := d.localType(e)
	if err != nil {
		return nil, err
	}
	v := reflect.New(t.goType)
	if err := d.decode(e, t, h, payload, v.Interface()); err != nil {
		return nil, err
	}
	return v.Elem().Interface(), nil
}

// Plain returns the payload as its codec wrote it: payload itself, or its
// content in memory of its own if it is compressed. Its errors are
// ErrUnknownType, ErrTooLarge and ErrCorrupt.
func (d *Decoder) Plain(h Header, payload []byte) ([]byte, error) {
	if _, err := d.entry(h, payload); err != nil {
		return nil, err
	}
	return d.plain(h, payload)
}

func (d *Decoder) plain(h Header, payload []byte) ([]byte, error) {
	if h.Flags&FlagZstd == 0 {
		return payload, nil
	}
	return d.zstd.expand(d.copy(payload))
}

// stable is plain in memory that no peer can change, until the next call.
func (d *Decoder) stable(h Header, payload []byte) ([]byte, error) {
	if h.Flags&FlagZstd == 0 {
		return d.copy(payload), nil
	}
	return d.plain(h, payload)
}

// decode sets *v, of type *T, from payload.
func (d *Decoder) decode(e *Entry, t *Type, h Header, payload []byte, v any) error {
	var err error
	switch {
	case t.codec == codecFixed:
		var plain []byte
		if plain, err = d.plain(h, payload); err == nil {
			return t.GetFixed(t.memory(v), plain)
		}
	case t.codec == codecRaw:
		err = d.decodeRaw(h, payload, v)
	case t.codec == codecGob:
		err = d.decodeGob(e, t, h, payload, v)
	default:
		err = d.decodeOwn(t, h, payload, v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}

func (d *Decoder) decodeRaw(h Header, payload []byte, v any) error {
	plain, err := d.plain(h, payload)
	if err != nil {
		return err
	}
	if h.Flags&FlagZstd == 0 { // else it is a copy already
		plain = append(make([]byte, 0, len(plain)), plain...)
	}
	if b, ok := v.(*[]byte); ok {
		*b = plain
	} else {
		reflect.ValueOf(v).Elem().SetBytes(plain)
	}
	return nil
}

// decodeOwn leaves the decoding to a plugged-in codec or the type's method.
// UnmarshalBinary was not written for memory that changes: it gets a copy.
func (d *Decoder) decodeOwn(t *Type, h Header, payload []byte, v any) error {
	if t.plug == nil {
		stable, err := d.stable(h, payload)
		if err != nil {
			return err
		}
		reflect.ValueOf(v).Elem().SetZero()
		return guard(func() error { return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(stable) })
	}
	plain, err := d.plain(h, payload)
	if err != nil {
		return err
	}
	return guard(func() error { return t.plug.Decode(plain, v) })
}

func (d *Decoder) decodeGob(e *Entry, t *Type, h Header, payload []byte, v any) error {
	stable, err := d.stable(h, payload)
	if err != nil {
		return err
	}
	// gob leaves alone what the sender's value had as zero.
	reflect.ValueOf(v).Elem().SetZero()
	if h.Flags&FlagSelfContained != 0 {
		return decodeSelfContained(stable, v, d.options.MaxMessage)
	}
	return d.gob.decode(e, h.Need, stable, t.goType, v, d.options.MaxMessage)
}

// guard calls code that decodes a peer's bytes and was not written here. What
// it says is ErrDecode; that it panics on some bytes makes these ErrCorrupt.
func guard(decode func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: panic while decoding: %v", ErrCorrupt, p)
		}
	}()
	err = decode()
	if err == nil || errors.Is(err, ErrCorrupt) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDecode, err)
}
