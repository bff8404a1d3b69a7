package codec

import (
	"bytes"
	"cmp"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"time"
)

// formatGob shows a gob value by its sender's description of the type; the
// shape adds what gob does not say: which numbers are float32, which opaque
// values are times.
func (d *Decoder) formatGob(t *text, e *Entry, h Header, payload []byte) error {
	set := d.gob.set
	if h.Flags&FlagSelfContained != 0 {
		var err error
		if set, payload, err = splitSelfContained(payload); err != nil {
			return err
		}
	}
	// Once checked, the value can be read without looking right and left.
	if err := checkGob(set, payload, nil, d.options.MaxMessage); err != nil {
		return err
	}
	body, _, _, _ := message(payload)
	p := gobPrinter{gobCursor: gobCursor{b: body}, text: t, set: set}
	p.top(p.id(), &e.Shape)
	return nil
}

// A gobPrinter shows a value that checkGob has approved of. It reads on when
// its text is full, because the map it is in may have to be sorted.
type gobPrinter struct {
	gobCursor
	*text
	set *wireSet
}

func (p *gobPrinter) top(id int32, s *Shape) {
	n, err := p.set.node(id, nil)
	if err != nil {
		p.fail()
		return
	}
	if n.kind != nodeStruct {
		p.uint()
	}
	p.value(n, s)
}

// value shows a value of n; s is its shape, or nil.
func (p *gobPrinter) value(n *node, s *Shape) {
	for s != nil && s.Kind == reflect.Pointer {
		s = s.Elem
	}
	switch n.kind {
	case nodeBool:
		p.printf("%t", p.uint() != 0)
	case nodeInt:
		p.printf("%d", p.int())
	case nodeUint:
		p.printf("%d", p.uint())
	case nodeFloat:
		p.float(s)
	case nodeComplex:
		p.complex(s)
	case nodeBytes:
		b := p.take(p.count())
		p.printf("%d", b[:min(len(b), maxText)])
	case nodeString:
		p.string(p.take(p.count()))
	case nodeOpaque:
		p.opaque(opaqueName(n, s), p.take(p.count()))
	case nodeInterface:
		p.iface()
	case nodeArray, nodeSlice:
		p.list(n, s)
	case nodeMap:
		p.pairs(n, s)
	case nodeStruct:
		p.structure(n, s)
	}
}

// number reads a float as gob writes it: bytes reversed, so that it is short.
func (p *gobPrinter) number() float64 {
	return math.Float64frombits(bits.ReverseBytes64(p.uint()))
}

func (p *gobPrinter) float(s *Shape) {
	if x := p.number(); s != nil && s.Kind == reflect.Float32 {
		p.printf("%v", float32(x))
	} else {
		p.printf("%v", x)
	}
}

func (p *gobPrinter) complex(s *Shape) {
	re, im := p.number(), p.number()
	if s != nil && s.Kind == reflect.Complex64 {
		p.printf("%v", complex(float32(re), float32(im)))
	} else {
		p.printf("%v", complex(re, im))
	}
}

func (p *gobPrinter) list(n *node, s *Shape) {
	p.printf("[")
	for i := range p.count() {
		if i > 0 {
			p.printf(" ")
		}
		p.value(n.elem, elemShape(s))
	}
	p.printf("]")
}

func (p *gobPrinter) structure(n *node, s *Shape) {
	p.printf("{")
	next := 0 // first field that was not shown
	for field := -1; !p.bad; {
		delta := int(p.uint())
		field += delta
		if delta == 0 {
			break
		}
		p.absent(n, s, next, field)
		p.name(n, field)
		p.value(n.fields[field], s.field(n.names[field]))
		next = field + 1
	}
	p.absent(n, s, next, len(n.fields))
	p.printf("}")
}

func (p *gobPrinter) name(n *node, field int) {
	if field > 0 {
		p.printf(" ")
	}
	p.printf("%s:", n.names[field])
}

// absent shows the fields from up to to, which gob leaves out: zeros, and nil
// pointers, which only a shape tells apart.
func (p *gobPrinter) absent(n *node, s *Shape, from, to int) {
	for i := from; i < to && !p.full(); i++ {
		p.name(n, i)
		f, sf := n.fields[i], s.field(n.names[i])
		switch {
		case sf != nil && sf.Kind == reflect.Pointer,
			f.kind == nodeStruct, f.kind == nodeArray, f.kind == nodeInterface:
			p.printf("<nil>")
		case f.kind == nodeBool:
			p.printf("false")
		case f.kind == nodeString:
		case f.kind == nodeComplex:
			p.printf("(0+0i)")
		case f.kind == nodeBytes, f.kind == nodeSlice:
			p.printf("[]")
		case f.kind == nodeMap:
			p.printf("map[]")
		case f.kind == nodeOpaque && opaqueName(f, sf) == timeName:
			p.printf("%s", time.Time{})
		case f.kind == nodeOpaque:
			p.printf("0x")
		default:
			p.printf("0")
		}
	}
}

// pairs shows a map sorted by key, as fmt does.
func (p *gobPrinter) pairs(n *node, s *Shape) {
	type pair struct {
		number float64 // of a key that is one
		key    []byte
		both   []byte
	}
	var all []pair
	size := 0 // of what all holds
	for range p.count() {
		var key *Shape
		if s != nil {
			key = s.Key
		}
		number := p.peek(n.key)
		inner := gobPrinter{gobCursor: p.gobCursor, text: new(text), set: p.set}
		inner.value(n.key, key)
		width := len(inner.text.b)
		inner.printf(":")
		inner.value(n.elem, elemShape(s))
		p.gobCursor = inner.gobCursor
		if b := inner.text.b; size <= maxText {
			size += len(b)
			all = append(all, pair{number, b[:width], b})
		}
	}
	slices.SortFunc(all, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.number, b.number), bytes.Compare(a.key, b.key))
	})
	p.printf("map[")
	for i := range all {
		if i > 0 {
			p.printf(" ")
		}
		p.printf("%s", all[i].both)
	}
	p.printf("]")
}

// peek is the number at the cursor, by which keys of that kind are sorted.
func (p *gobPrinter) peek(n *node) float64 {
	ahead := gobPrinter{gobCursor: p.gobCursor}
	switch n.kind {
	case nodeInt:
		return float64(ahead.int())
	case nodeUint:
		return float64(ahead.uint())
	case nodeFloat:
		return ahead.number()
	}
	return 0
}

func (p *gobPrinter) iface() {
	if name := p.take(p.count()); len(name) == 0 {
		p.printf("<nil>")
		return
	}
	id := p.id()
	p.uint()
	p.top(id, nil)
}

// elemShape is the shape of the elements of s, or nil.
func elemShape(s *Shape) *Shape {
	if s == nil {
		return nil
	}
	return s.Elem
}

// opaqueName is the name of a type that encodes itself. Without a shape there
// is only the last part of it.
func opaqueName(n *node, s *Shape) string {
	switch {
	case s != nil && s.Name != "":
		return s.Name
	case n.name == "Time":
		return timeName
	}
	return n.name
}
