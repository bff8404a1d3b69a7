package codec

import (
	"fmt"
	"reflect"
)

// Marshal returns a gob of v that can be decoded without anything else, for
// values that are sent once, such as a worker's arguments. v is what gob can
// encode, or a struct without fields. Dynamic types of interface values must
// have been registered. Errors are ErrEncode.
func Marshal(v any) ([]byte, error) {
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer && !r.IsNil() {
		r = r.Elem()
	}
	if !r.IsValid() || r.Kind() == reflect.Pointer {
		return nil, fmt.Errorf("%w: nil %T", ErrEncode, v)
	}
	if empty(r.Type()) {
		return nil, nil
	}
	data, err := appendSelfContained(nil, v)
	if err != nil {
		return nil, fmt.Errorf("%w %T: %w", ErrEncode, v, err)
	}
	return data, nil
}

// Unmarshal sets *v from what Marshal returned for a value of that type, or of
// one whose gob fits. It takes at most 256 MiB of memory. Errors are those of
// [Decoder.Decode].
func Unmarshal(data []byte, v any) error {
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Pointer || r.IsNil() {
		return fmt.Errorf("%w: Unmarshal needs a pointer, got %T", ErrMismatch, v)
	}
	if empty(r.Type().Elem()) && len(data) == 0 {
		return nil
	}
	r.Elem().SetZero()
	if err := decodeSelfContained(data, v, defaultMaxMessage); err != nil {
		return fmt.Errorf("%s: %w", r.Type().Elem(), err)
	}
	return nil
}

// empty reports whether t is a struct without fields, of which nothing needs
// to be said.
func empty(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.NumField() == 0
}
