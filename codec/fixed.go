package codec

import (
	"fmt"
	"reflect"
)

// A span is a run of bytes inside a fixed value, or, when body is set, an array
// whose elements, stride bytes apart, have the same spans: so that the list for
// a large array is as short as that for its element.
type span struct {
	offset int
	length int // bytes, or elements of an array
	stride int
	body   []span
}

// PutFixed copies value, the memory of a value of this fixed type, to dst and
// zeroes the padding between fields, which may hold anything. dst and value
// must have Size bytes at least; it allocates nothing.
func (t *Type) PutFixed(dst, value []byte) {
	copy(dst[:t.size], value[:t.size])
	if len(t.gaps) > 0 {
		zero(dst, t.gaps)
	}
}

// GetFixed copies src into value, the memory of a value of this fixed type.
// src is read once, and bytes that become bools are made 0 or 1 in value: Go
// code may go wrong on any other. A length of src other than Size is
// ErrCorrupt. value must have Size bytes; nothing is allocated.
func (t *Type) GetFixed(value, src []byte) error {
	if len(src) != t.size {
		return fmt.Errorf("%w: %s has %d bytes, got %d", ErrCorrupt, t.name, t.size, len(src))
	}
	copy(value[:t.size], src)
	if len(t.bools) > 0 {
		normalise(value, t.bools)
	}
	return nil
}

// zero clears the spans of b.
func zero(b []byte, spans []span) {
	for i := range spans {
		s := &spans[i]
		if s.body == nil {
			clear(b[s.offset : s.offset+s.length])
			continue
		}
		for k := range s.length {
			zero(b[s.offset+k*s.stride:], s.body)
		}
	}
}

// normalise makes every byte of the spans that is not 0 a 1.
func normalise(b []byte, spans []span) {
	for i := range spans {
		s := &spans[i]
		if s.body != nil {
			for k := range s.length {
				normalise(b[s.offset+k*s.stride:], s.body)
			}
			continue
		}
		for k, c := range b[s.offset : s.offset+s.length] {
			if c > 1 {
				b[s.offset+k] = 1
			}
		}
	}
}

// gapsOf lists the padding of a t at offset base: bytes between fields, and
// fields named _, which no program reads.
func gapsOf(t reflect.Type, base int) []span {
	switch t.Kind() {
	case reflect.Array:
		return repeat(t, base, gapsOf(t.Elem(), 0))
	case reflect.Struct:
	default:
		return nil
	}
	var gaps []span
	end := 0 // of the last field that counts
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			continue
		}
		if offset := int(f.Offset); offset > end {
			gaps = append(gaps, span{offset: base + end, length: offset - end})
		}
		gaps = append(gaps, gapsOf(f.Type, base+int(f.Offset))...)
		end = int(f.Offset + f.Type.Size())
	}
	if size := int(t.Size()); size > end {
		gaps = append(gaps, span{offset: base + end, length: size - end})
	}
	return gaps
}

// boolsOf lists the bytes of a t at offset base that are bools.
func boolsOf(t reflect.Type, base int) []span {
	switch t.Kind() {
	case reflect.Bool:
		return []span{{offset: base, length: 1}}
	case reflect.Array:
		if t.Elem().Kind() == reflect.Bool {
			return []span{{offset: base, length: t.Len()}}
		}
		return repeat(t, base, boolsOf(t.Elem(), 0))
	case reflect.Struct:
		var bools []span
		for i := range t.NumField() {
			f := t.Field(i)
			bools = append(bools, boolsOf(f.Type, base+int(f.Offset))...)
		}
		return bools
	}
	return nil
}

// repeat is the spans of array t at offset base, given those of its element.
func repeat(t reflect.Type, base int, element []span) []span {
	if len(element) == 0 || t.Len() == 0 {
		return nil
	}
	return []span{{offset: base, length: t.Len(), stride: int(t.Elem().Size()), body: element}}
}
