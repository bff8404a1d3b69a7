package codec

import (
	"reflect"
	"sync"
)

// As returns what a listener that asked for T is given of message v: v itself
// if it is a T or implements it; a pointer to a copy of v if only *V has T's
// methods; else the T that v embeds, directly or through others, in the order
// of Type.Embeds. It reports false if there is none, or if a nil pointer is on
// the way to it.
func As[T any](v any) (T, bool) {
	if t, ok := v.(T); ok {
		return t, true
	}
	var zero T
	if v == nil {
		return zero, false
	}
	r := reflect.ValueOf(v)
	want := reflect.TypeFor[T]()
	if want.Kind() == reflect.Interface {
		p := reflect.New(r.Type())
		p.Elem().Set(r)
		t, ok := p.Interface().(T)
		return t, ok
	}
	path := embedPath(r.Type(), want)
	if path == nil {
		return zero, false
	}
	for _, i := range path {
		if r.Kind() == reflect.Pointer {
			r = r.Elem()
		}
		if !r.IsValid() {
			return zero, false
		}
		r = r.Field(i)
	}
	if r.Kind() == reflect.Pointer && want.Kind() != reflect.Pointer {
		r = r.Elem()
	}
	if !r.IsValid() || !r.CanInterface() {
		return zero, false
	}
	t, ok := r.Interface().(T)
	return t, ok
}

// embedKey is a question to embedPath.
type embedKey struct{ outer, inner reflect.Type }

// embedPaths holds the answers: embedKey → []int.
var embedPaths sync.Map

// embedPath returns the indexes of the fields that lead from outer to the inner
// type it embeds, or nil.
func embedPath(outer, inner reflect.Type) []int {
	key := embedKey{outer, inner}
	if path, ok := embedPaths.Load(key); ok {
		return path.([]int)
	}
	path := searchEmbedded(outer, inner)
	embedPaths.Store(key, path)
	return path
}

// searchEmbedded goes through the embedded types in the order of embeddedTypes.
func searchEmbedded(outer, inner reflect.Type) []int {
	type place struct {
		t    reflect.Type
		path []int
	}
	seen := map[reflect.Type]bool{outer: true}
	for level := []place{{outer, nil}}; len(level) > 0; {
		var next []place
		for _, p := range level {
			for e, f := range embeddedFields(p.t) {
				path := append(p.path[:len(p.path):len(p.path)], f.Index...)
				if e == inner && f.IsExported() {
					return path
				}
				if !seen[e] {
					seen[e] = true
					next = append(next, place{e, path})
				}
			}
		}
		level = next
	}
	return nil
}
