package codec

import (
	"encoding/binary"
	"reflect"
)

// A Shape describes the values of a type to programs that do not have it. It
// says what a reader of their bytes must know, and is a tree: where a type
// contains itself, or is too deep or too large to describe, and where it
// encodes itself, Kind is reflect.Invalid and Name alone says what is there.
type Shape struct {
	Kind   reflect.Kind
	Name   string  // of a named type that is not built in
	Size   int     // in memory, in bytes
	Len    int     // of an array
	Key    *Shape  // of a map
	Elem   *Shape  // of an array, slice, map or pointer
	Fields []Field // of a struct; for gob the exported ones alone
}

// A Field is one field of a struct.
type Field struct {
	Name     string
	Offset   int // in memory, in bytes
	Embedded bool
	Shape    Shape
}

// Limits of a Shape, which bound what a dictionary entry takes, and what a
// reader builds from one that a hostile sender wrote.
const (
	maxShapeDepth = 32
	maxShapeNodes = 1024
	maxShapeSize  = 1 << 40 // bytes a described value may span in memory
)

// timeName is the one self-encoding type that every reader can decode.
const timeName = "time.Time"

// shapeOf describes t.
func shapeOf(t reflect.Type) Shape {
	b := shapeBuilder{fixed: pointerFree(t), open: make(map[reflect.Type]bool)}
	return b.shape(t, 0)
}

// A shapeBuilder holds what bounds the tree while it grows.
type shapeBuilder struct {
	nodes int
	fixed bool
	open  map[reflect.Type]bool // types the current path is inside of
}

func (b *shapeBuilder) shape(t reflect.Type, depth int) Shape {
	b.nodes++
	s := Shape{Kind: t.Kind(), Size: int(t.Size())}
	if t.PkgPath() != "" {
		s.Name = typeName(t)
	}
	if len(s.Name) > maxName {
		s.Name = ""
	}
	if b.open[t] || depth == maxShapeDepth || b.nodes > maxShapeNodes/2 || !b.fixed && opaque(t) {
		s.Kind = reflect.Invalid
		return s
	}
	b.open[t] = true
	defer delete(b.open, t)
	switch t.Kind() {
	case reflect.Array:
		s.Len = t.Len()
		s.Elem = b.part(t.Elem(), depth)
	case reflect.Pointer, reflect.Slice:
		s.Elem = b.part(t.Elem(), depth)
	case reflect.Map:
		s.Key = b.part(t.Key(), depth)
		s.Elem = b.part(t.Elem(), depth)
	case reflect.Struct:
		b.fields(&s, t, depth)
	}
	return s
}

func (b *shapeBuilder) part(t reflect.Type, depth int) *Shape {
	s := b.shape(t, depth+1)
	return &s
}

// fields describes the fields of struct t. A struct with more of them than fit
// is not described at all: half a struct would be read wrongly.
func (b *shapeBuilder) fields(s *Shape, t reflect.Type, depth int) {
	if b.nodes+t.NumField() > maxShapeNodes/2 {
		s.Kind = reflect.Invalid
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if !b.fixed && !f.IsExported() {
			continue
		}
		s.Fields = append(s.Fields, Field{
			Name: f.Name, Offset: int(f.Offset), Embedded: f.Anonymous,
			Shape: b.shape(f.Type, depth+1),
		})
	}
}

// field returns the shape of the named field, or nil.
func (s *Shape) field(name string) *Shape {
	if s == nil {
		return nil
	}
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return &s.Fields[i].Shape
		}
	}
	return nil
}

// Flags of a serialised Shape and Field.
const (
	shapeNamed    = 1 << 6 // beside the kind, in one byte
	fieldEmbedded = 1
)

// append appends s: kind, name, size, then the parts that its kind has.
func (s *Shape) append(dst []byte) []byte {
	kind := byte(s.Kind)
	if s.Name != "" {
		dst = append(dst, kind|shapeNamed)
		dst = appendText(dst, s.Name)
	} else {
		dst = append(dst, kind)
	}
	dst = binary.AppendUvarint(dst, uint64(s.Size))
	switch s.Kind {
	case reflect.Array:
		dst = binary.AppendUvarint(dst, uint64(s.Len))
		dst = s.Elem.append(dst)
	case reflect.Pointer, reflect.Slice:
		dst = s.Elem.append(dst)
	case reflect.Map:
		dst = s.Key.append(dst)
		dst = s.Elem.append(dst)
	case reflect.Struct:
		dst = binary.AppendUvarint(dst, uint64(len(s.Fields)))
		for i := range s.Fields {
			dst = s.Fields[i].append(dst)
		}
	}
	return dst
}

func (f *Field) append(dst []byte) []byte {
	dst = appendText(dst, f.Name)
	flags := uint64(f.Offset) << 1
	if f.Embedded {
		flags |= fieldEmbedded
	}
	dst = binary.AppendUvarint(dst, flags)
	return f.Shape.append(dst)
}

// A shapeParser reads a Shape that a peer wrote.
type shapeParser struct {
	*scanner
	nodes int
}

func (p *shapeParser) shape(depth int) Shape {
	p.nodes++
	if p.bad || depth > maxShapeDepth || p.nodes > maxShapeNodes {
		p.fail()
		return Shape{}
	}
	kind := p.byte()
	s := Shape{Kind: reflect.Kind(kind &^ shapeNamed)}
	if kind&shapeNamed != 0 {
		s.Name = p.text()
	}
	s.Size = int(p.uint(maxShapeSize))
	switch s.Kind {
	case reflect.Array:
		s.Len = int(p.uint(maxShapeSize))
		s.Elem = p.part(depth)
	case reflect.Pointer, reflect.Slice:
		s.Elem = p.part(depth)
	case reflect.Map:
		s.Key = p.part(depth)
		s.Elem = p.part(depth)
	case reflect.Struct:
		p.fields(&s, depth)
	}
	if s.Kind > reflect.UnsafePointer {
		p.fail()
	}
	return s
}

func (p *shapeParser) part(depth int) *Shape {
	s := p.shape(depth + 1)
	return &s
}

func (p *shapeParser) fields(s *Shape, depth int) {
	for range p.count() {
		if p.bad {
			return
		}
		f := Field{Name: p.text()}
		flags := p.uint(maxShapeSize << 1)
		f.Embedded = flags&fieldEmbedded != 0
		f.Offset = int(flags >> 1)
		f.Shape = p.shape(depth + 1)
		s.Fields = append(s.Fields, f)
	}
}
