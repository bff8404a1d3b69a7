package codec

import (
	"fmt"
	"reflect"
	"slices"
)

// A Pattern is what a listener asks for: every message, messages of one type
// and of types that embed it, or messages whose type has certain methods. It
// can be sent to other programs, which share no Go types with this one: types
// are matched by wire name, methods by name and full signature. The zero
// Pattern matches nothing.
type Pattern struct {
	kind    patternKind
	local   bool
	name    string   // of the type or interface
	methods []string // of the interface, sorted
}

type patternKind uint8

const (
	patternNone patternKind = iota
	patternAny
	patternType
	patternMethods
)

// PatternFor returns the pattern for T: for an interface its methods, for one
// without methods everything, for any other type its name. T need not be
// registered. A pointer, or an interface with unexported methods, which no type
// of another package can have, is ErrUnsupported.
func PatternFor[T any]() (Pattern, error) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Interface {
		if err := check(t); err != nil {
			return Pattern{}, err
		}
		return namedPattern(patternType, t, nil)
	}
	if t.NumMethod() == 0 {
		return Pattern{kind: patternAny}, nil
	}
	methods := make([]string, t.NumMethod())
	for i := range methods {
		m := t.Method(i)
		methods[i] = m.Name + signature(m.Type)
		if !m.IsExported() {
			return Pattern{}, fmt.Errorf("%w: %s has the unexported method %s", ErrUnsupported, t, m.Name)
		}
		if !validName(methods[i]) {
			return Pattern{}, fmt.Errorf("%w: %s: signature of %s is too long for the wire", ErrUnsupported, t, m.Name)
		}
	}
	return namedPattern(patternMethods, t, methods)
}

func namedPattern(kind patternKind, t reflect.Type, methods []string) (Pattern, error) {
	p := Pattern{kind: kind, name: nameOf(t), methods: methods}
	if !validName(p.name) {
		return Pattern{}, fmt.Errorf("%w: the name of %.60s is too long for the wire; give it one with codec.WithName", ErrUnsupported, p.name)
	}
	if known, ok := registry.byType.Load(t); ok {
		p.local = known.(*Type).local
	} else {
		p.local = local(p.name)
	}
	for _, m := range methods {
		p.local = p.local || local(m)
	}
	return p, nil
}

// Local reports whether the pattern means what it says only in processes that
// run the same binary, since it names a type of package main.
func (p Pattern) Local() bool { return p.local }

// Matches reports whether messages of type t are asked for: t itself or a type
// it embeds under an exported name has the pattern's name, or T or *T has its
// methods.
func (p Pattern) Matches(t *Type) bool {
	switch p.kind {
	case patternAny:
		return true
	case patternType:
		return t.name == p.name || slices.ContainsFunc(t.embeds, func(e reflect.Type) bool {
			return nameOf(e) == p.name
		})
	case patternMethods:
		return subset(p.methods, t.methods)
	}
	return false
}

// MatchesEntry is Matches for a type as its sender describes it, which this
// program need not know.
func (p Pattern) MatchesEntry(e *Entry) bool {
	switch p.kind {
	case patternAny:
		return true
	case patternType:
		return e.Name == p.name || slices.Contains(e.Embeds, p.name)
	case patternMethods:
		return subset(p.methods, e.Methods)
	}
	return false
}

// subset reports whether each of want is in have; both are sorted.
func subset(want, have []string) bool {
	for _, w := range want {
		i, ok := slices.BinarySearch(have, w)
		if !ok {
			return false
		}
		have = have[i+1:]
	}
	return true
}

// String is the name of what is asked for.
func (p Pattern) String() string {
	switch p.kind {
	case patternAny:
		return "any"
	case patternNone:
		return "none"
	}
	return p.name
}

// maxPattern bounds an encoded pattern, in bytes.
const maxPattern = 16 << 10

const patternLocal = 1 << 7 // beside the kind, in one byte

// AppendBinary appends the encoding of p to b. It is ErrTooLarge if p has more
// methods than 16 KiB can hold.
func (p Pattern) AppendBinary(b []byte) ([]byte, error) {
	kind := byte(p.kind)
	if p.local {
		kind |= patternLocal
	}
	start := len(b)
	b = append(b, kind)
	b = appendText(b, p.name)
	b = appendTexts(b, p.methods)
	if n := len(b) - start; n > maxPattern {
		return b[:start], fmt.Errorf("%w: pattern for %s takes %d bytes, limit %d", ErrTooLarge, p.name, n, maxPattern)
	}
	return b, nil
}

// MarshalBinary is AppendBinary into new memory.
func (p Pattern) MarshalBinary() ([]byte, error) { return p.AppendBinary(nil) }

// ParsePattern is the inverse of AppendBinary. What AppendBinary does not write
// is ErrCorrupt.
func ParsePattern(data []byte) (Pattern, error) {
	if len(data) > maxPattern {
		return Pattern{}, fmt.Errorf("%w: pattern of %d bytes, limit %d", ErrCorrupt, len(data), maxPattern)
	}
	s := scanner{b: data}
	kind := s.byte()
	p := Pattern{kind: patternKind(kind &^ patternLocal), local: kind&patternLocal != 0}
	p.name = s.text()
	p.methods = s.texts()
	if !s.ok() || !p.consistent() {
		return Pattern{}, fmt.Errorf("%w: malformed pattern of %d bytes", ErrCorrupt, len(data))
	}
	return p, nil
}

// consistent reports whether p has the parts of its kind and no others.
func (p Pattern) consistent() bool {
	switch p.kind {
	case patternNone, patternAny:
		return p.name == "" && len(p.methods) == 0 && !p.local
	case patternType:
		return p.name != "" && len(p.methods) == 0
	case patternMethods:
		return p.name != "" && len(p.methods) > 0 && slices.IsSorted(p.methods)
	}
	return false
}
