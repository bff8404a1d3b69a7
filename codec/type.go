package codec

import (
	"fmt"
	"reflect"
)

// A Type is a registered message type of this process. It is immutable, safe
// for concurrent use, and there is one per Go type, so that pointers to Types
// can be compared.
type Type struct {
	id      int // position in the order of registration, from 0
	name    string
	local   bool
	codec   string
	layout  uint64
	plug    Codec              // nil: built-in
	zstd    int                // bytes from which a payload is compressed; 0: never
	memory  func(v any) []byte // fixed: the memory of *v
	gaps    []span             // fixed: padding
	bools   []span             // fixed: bytes that must be 0 or 1
	size    int                // of a fixed type, -1 for others
	goType  reflect.Type       // T
	pointer reflect.Type       // *T
	methods []string           // of *T
	embeds  []reflect.Type     // transitively
	shape   Shape
}

// Name is the name of the type on the wire: import path and name, or the one
// that WithName gave.
func (t *Type) Name() string { return t.name }

// Local reports whether the name means this type only in processes that run
// the same binary, because it is one of package main.
func (t *Type) Local() bool { return t.local }

// Go is the Go type itself, never a pointer to it.
func (t *Type) Go() reflect.Type { return t.goType }

// Codec is "fixed", "raw", "binary", "gob", or the Name of a plugged-in Codec.
func (t *Type) Codec() string { return t.codec }

// Size is the size of a fixed type's payload in bytes, and -1 for others.
func (t *Type) Size() int { return t.size }

// Compressed reports whether payloads of this type may be compressed.
func (t *Type) Compressed() bool { return t.zstd > 0 }

// Layout is a hash of what sender and receiver must agree on: for a fixed type
// kinds, field names and offsets, for others the name of the codec alone. It
// is the same in every program and on every supported architecture.
func (t *Type) Layout() uint64 { return t.layout }

// Methods is the method set of *T (which includes that of T), each with its
// full signature, sorted by name. The caller must not change the slice.
func (t *Type) Methods() []string { return t.methods }

// Embeds lists the wire names of the types embedded in this one, directly or
// through others, outermost first. It allocates.
func (t *Type) Embeds() []string {
	names := make([]string, len(t.embeds))
	for i, e := range t.embeds {
		names[i] = nameOf(e)
	}
	return names
}

// String is Name.
func (t *Type) String() string { return t.name }

// newType describes Go type g. memory gives the bytes of a value and may be
// nil for all codecs but fixed.
func newType(g reflect.Type, s settings, memory func(any) []byte) (*Type, error) {
	if err := check(g); err != nil {
		return nil, err
	}
	t := &Type{
		name: s.name, codec: defaultCodec(g), plug: s.codec, zstd: s.zstd,
		goType: g, pointer: reflect.PointerTo(g),
		methods: methodNames(g), embeds: embeddedTypes(g),
	}
	if t.name == "" {
		t.name = typeName(g)
		t.local = local(t.name)
		if !validName(t.name) {
			return nil, fmt.Errorf("%w: the name of %.60s is too long for the wire; give it one with codec.WithName", ErrUnsupported, t.name)
		}
	}
	switch {
	case s.codec != nil:
		t.codec = s.codec.Name()
	case s.gob:
		t.codec = codecGob
	}
	if err := t.prepare(memory); err != nil {
		return nil, err
	}
	t.size = -1
	if t.codec == codecFixed {
		t.size = int(g.Size())
	}
	t.layout = layoutHash(t.codec, g)
	return t, nil
}

// prepare computes what the codec of t needs.
func (t *Type) prepare(memory func(any) []byte) error {
	switch t.codec {
	case codecGob:
		if err := gobCarries(t.goType); err != nil {
			return err
		}
		t.shape = shapeOf(t.goType)
	case codecFixed:
		if memory == nil {
			return fmt.Errorf("%w: %s is fixed, and its memory is reached through its Go type: call codec.Register[%s]()",
				ErrUnregistered, t.name, t.goType)
		}
		t.memory = memory
		t.gaps = gapsOf(t.goType, 0)
		t.bools = boolsOf(t.goType, 0)
		t.shape = shapeOf(t.goType)
	}
	return nil
}

// pointerTo reports, as an error, that v is not a non-nil *T.
func (t *Type) pointerTo(v any) error {
	if reflect.TypeOf(v) != t.pointer {
		return fmt.Errorf("%w: got %T, want *%s", ErrMismatch, v, t.goType)
	}
	if reflect.ValueOf(v).IsNil() {
		return fmt.Errorf("%w: nil %T", ErrMismatch, v)
	}
	return nil
}
