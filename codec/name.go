package codec

import (
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// typeName is the name of t that every process of one module graph agrees on:
// full import paths where reflect.Type.String has the package's last element.
func typeName(t reflect.Type) string {
	if name := t.Name(); name != "" {
		if path := t.PkgPath(); path != "" {
			return path + "." + name
		}
		return name
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + typeName(t.Elem())
	case reflect.Slice:
		return "[]" + typeName(t.Elem())
	case reflect.Array:
		return "[" + strconv.Itoa(t.Len()) + "]" + typeName(t.Elem())
	case reflect.Map:
		return "map[" + typeName(t.Key()) + "]" + typeName(t.Elem())
	case reflect.Chan:
		return t.ChanDir().String() + " " + typeName(t.Elem())
	case reflect.Func:
		return "func" + signature(t)
	}
	return t.String() // an unnamed struct or interface
}

// signature is the parameters and results of function type t.
func signature(t reflect.Type) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range t.NumIn() {
		if i > 0 {
			b.WriteByte(',')
		}
		if t.IsVariadic() && i == t.NumIn()-1 {
			b.WriteString("..." + typeName(t.In(i).Elem()))
			break
		}
		b.WriteString(typeName(t.In(i)))
	}
	b.WriteByte(')')
	if t.NumOut() == 0 {
		return b.String()
	}
	b.WriteString(" (")
	for i := range t.NumOut() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(typeName(t.Out(i)))
	}
	b.WriteByte(')')
	return b.String()
}

// local reports whether a default name means different types in different
// binaries: it mentions package main, also as an argument of a generic type.
func local(name string) bool {
	for rest := name; ; {
		i := strings.Index(rest, "main.")
		if i < 0 {
			return false
		}
		at := len(name) - len(rest) + i
		if at == 0 || strings.IndexByte("[]*,( .", name[at-1]) >= 0 {
			return true
		}
		rest = rest[i+len("main."):]
	}
}

// methodNames is the method set of *T, which holds that of T: names with full
// signatures, sorted by name. Separate binaries share no reflect types, so
// this text is what an interface is matched by. A signature too long for the
// wire is left out; PatternFor refuses an interface that asks for it.
func methodNames(t reflect.Type) []string {
	p := reflect.PointerTo(t)
	names := make([]string, 0, p.NumMethod())
	for i := range p.NumMethod() {
		m := p.Method(i)
		if name := m.Name + signature(withoutReceiver(m.Type)); validName(name) {
			names = append(names, name)
		}
	}
	return names
}

// withoutReceiver drops the first parameter of a method's function type.
func withoutReceiver(t reflect.Type) reflect.Type {
	in := make([]reflect.Type, 0, t.NumIn())
	for i := 1; i < t.NumIn(); i++ {
		in = append(in, t.In(i))
	}
	out := make([]reflect.Type, t.NumOut())
	for i := range out {
		out[i] = t.Out(i)
	}
	return reflect.FuncOf(in, out, t.IsVariadic())
}

// embeddedTypes lists the types t embeds, transitively, outermost first. A
// type embedded under an unexported name is passed through but not listed:
// nobody outside its package could be given its value.
func embeddedTypes(t reflect.Type) []reflect.Type {
	var found []reflect.Type
	seen, listed := map[reflect.Type]bool{t: true}, map[reflect.Type]bool{t: true}
	for level := []reflect.Type{t}; len(level) > 0; {
		var next []reflect.Type
		for _, outer := range level {
			for e, f := range embeddedFields(outer) {
				if !seen[e] {
					seen[e] = true
					next = append(next, e)
				}
				if !listed[e] && f.IsExported() && e.Kind() != reflect.Interface {
					listed[e] = true
					found = append(found, e)
				}
			}
		}
		level = next
	}
	return found
}

// embeddedFields yields the anonymous fields of struct t with the type that
// each embeds, pointers taken off.
func embeddedFields(t reflect.Type) func(yield func(reflect.Type, reflect.StructField) bool) {
	return func(yield func(reflect.Type, reflect.StructField) bool) {
		if t.Kind() != reflect.Struct {
			return
		}
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.Anonymous {
				continue
			}
			e := f.Type
			if e.Kind() == reflect.Pointer {
				e = e.Elem()
			}
			if !yield(e, f) {
				return
			}
		}
	}
}

// printable reports whether s holds only what may be shown on a terminal.
func printable(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
