package codec

import (
	"encoding/gob"
	"fmt"
	"reflect"
	"sync"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// registry holds the Types of this process. Look-ups take no lock.
var registry struct {
	mu     sync.Mutex // serialises registration
	count  int
	byType sync.Map // reflect.Type → *Type
	byName sync.Map // string → *Type
}

// Register registers T and returns its Type. It is meant for package variables
// and the beginning of main, and panics where TryRegister returns an error.
func Register[T any](options ...Option) *Type {
	t, err := TryRegister[T](options...)
	if err != nil {
		panic(err)
	}
	return t
}

// TryRegister registers T. Registering it again with the same options, or with
// none, returns the same Type; with others it is ErrConflict, as is a name that
// another type has. A type no codec can carry is ErrUnsupported, a wrong option
// ErrOption.
//
// T is made known to encoding/gob under its wire name too, so that it can be
// the dynamic type of an interface field. A program that wants *T there calls
// gob.Register(&T{}) before.
func TryRegister[T any](options ...Option) (*Type, error) {
	s, err := newSettings(options)
	if err != nil {
		return nil, err
	}
	return register(reflect.TypeFor[T](), s, memoryOf[T])
}

// TypeFor returns the Type of T, and registers it with the defaults at its
// first use. Afterwards it takes no lock and allocates nothing.
func TypeFor[T any]() (*Type, error) {
	g := reflect.TypeFor[T]()
	if t, ok := registry.byType.Load(g); ok {
		return t.(*Type), nil
	}
	return register(g, settings{}, memoryOf[T])
}

// TypeOf returns the Type of v's dynamic type. A type that is not registered
// is registered with the defaults, but for a fixed one, whose memory can be
// reached only through its Go type: that is ErrUnregistered.
func TypeOf(v any) (*Type, error) {
	if v == nil {
		return nil, fmt.Errorf("%w: nil has no type", ErrUnsupported)
	}
	g := reflect.TypeOf(v)
	if t, ok := registry.byType.Load(g); ok {
		return t.(*Type), nil
	}
	return register(g, settings{}, nil)
}

// Lookup returns the registered Type with the given wire name.
func Lookup(name string) (*Type, bool) {
	t, ok := registry.byName.Load(name)
	if !ok {
		return nil, false
	}
	return t.(*Type), true
}

// memoryOf is the memory of the T that v points to.
func memoryOf[T any](v any) []byte { return shm.ValueBytes(v.(*T)) }

func register(g reflect.Type, s settings, memory func(any) []byte) (*Type, error) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if old, ok := registry.byType.Load(g); ok {
		return again(old.(*Type), s)
	}
	t, err := newType(g, s, memory)
	if err != nil {
		return nil, err
	}
	if other, taken := Lookup(t.name); taken {
		return nil, fmt.Errorf("%w: name %q of %s is taken by %s; give one of them another with codec.WithName",
			ErrConflict, t.name, g, other.goType)
	}
	t.id = registry.count
	registry.count++
	registerGob(t)
	registry.byName.Store(t.name, t)
	registry.byType.Store(g, t)
	return t, nil
}

// again returns t if registering it with s would make no other Type. Without
// options it never does: the caller only wants the type to be registered.
func again(t *Type, s settings) (*Type, error) {
	if !s.chosen {
		return t, nil
	}
	name, codec := s.name, defaultCodec(t.goType)
	if name == "" {
		name = typeName(t.goType)
	}
	switch {
	case s.codec != nil:
		codec = s.codec.Name()
	case s.gob:
		codec = codecGob
	}
	if name != t.name || codec != t.codec || s.zstd != t.zstd {
		return nil, fmt.Errorf("%w: %s is registered as %q, %s, zstd from %d; now %q, %s, zstd from %d; register it once, before its first use",
			ErrConflict, t.goType, t.name, t.codec, t.zstd, name, codec, s.zstd)
	}
	return t, nil
}

// nameOf is the wire name g has, or would have if it were registered.
func nameOf(g reflect.Type) string {
	if t, ok := registry.byType.Load(g); ok {
		return t.(*Type).name
	}
	return typeName(g)
}

// registerGob makes t known to gob as the dynamic type of an interface. gob
// panics if the program gave the type another name there already: then that
// name holds, and nothing is lost.
func registerGob(t *Type) {
	defer func() { _ = recover() }()
	gob.RegisterName(t.name, reflect.Zero(t.goType).Interface())
}
