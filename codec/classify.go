package codec

import (
	"encoding"
	"encoding/gob"
	"fmt"
	"reflect"
)

var (
	binaryAppender    = reflect.TypeFor[encoding.BinaryAppender]()
	binaryMarshaler   = reflect.TypeFor[encoding.BinaryMarshaler]()
	binaryUnmarshaler = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	gobEncoder        = reflect.TypeFor[gob.GobEncoder]()
)

// check refuses types that cannot be registered whatever their codec.
func check(t reflect.Type) error {
	switch t.Kind() {
	case reflect.Pointer:
		return fmt.Errorf("%w: %s is a pointer; register the type itself: %s", ErrUnsupported, t, t.Elem())
	case reflect.Interface:
		return fmt.Errorf("%w: %s is an interface; register the concrete types that are sent", ErrUnsupported, t)
	}
	return nil
}

// defaultCodec is the name of the codec that t has without options.
func defaultCodec(t reflect.Type) string {
	switch p := reflect.PointerTo(t); {
	case pointerFree(t):
		return codecFixed
	case byteSlice(t):
		return codecRaw
	case p.Implements(binaryUnmarshaler) && (p.Implements(binaryAppender) || p.Implements(binaryMarshaler)):
		return codecBinary
	}
	return codecGob
}

// pointerFree reports whether the bytes of a T mean the same in every process.
// A uintptr is an address more often than a number, so it does not count.
func pointerFree(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return true
	case reflect.Array:
		return pointerFree(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !pointerFree(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return false
}

// byteSlice reports whether t is []byte or a type made from it.
func byteSlice(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// opaque reports whether gob carries t by t's own methods.
func opaque(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(gobEncoder) || p.Implements(binaryMarshaler)
}

// gobCarries reports, as an error that names the place, what in t gob would
// refuse at the first message or leave out without a word.
func gobCarries(t reflect.Type) error {
	return carries(t, t.String(), make(map[reflect.Type]bool))
}

func carries(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	if seen[t] || opaque(t) {
		return nil
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return fmt.Errorf("%w: %s is a %s", ErrUnsupported, path, t.Kind())
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return carries(t.Elem(), path, seen)
	case reflect.Map:
		if err := carries(t.Key(), path+" (map key)", seen); err != nil {
			return err
		}
		return carries(t.Elem(), path, seen)
	case reflect.Struct:
		return carriesFields(t, path, seen)
	}
	return nil
}

func carriesFields(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	sent := 0
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		sent++
		if err := carries(f.Type, path+"."+f.Name, seen); err != nil {
			return err
		}
	}
	if sent == 0 && t.NumField() > 0 {
		return fmt.Errorf("%w: %s: %s has no exported field, and gob carries no other", ErrUnsupported, path, t)
	}
	return nil
}
