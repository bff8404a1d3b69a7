package codec

import (
	"fmt"
	"reflect"
)

// A node is a sender's type together with the receiver's type it is decoded
// into, compiled into what a walk over an encoded value needs at each step.
type node struct {
	kind   nodeKind
	name   string
	elem   *node
	key    *node
	fields []*node
	names  []string // of the fields
	length int      // of an array
	unit   uint64   // bytes of memory for each element of a slice or map
	alloc  uint64   // bytes of memory for what pointers lead to
	holds  answer   // to mayHoldInterface
	flat   answer   // to isFlat
}

type nodeKind uint8

const (
	nodeBool nodeKind = iota
	nodeInt
	nodeUint
	nodeFloat
	nodeComplex
	nodeBytes
	nodeString
	nodeInterface
	nodeOpaque
	nodeArray
	nodeSlice
	nodeMap
	nodeStruct
)

// An answer is that to a question about a type, once it has been asked.
type answer uint8

const (
	unknown answer = iota
	no
	yes
)

const (
	// maxNodeDepth bounds how deep types may nest, in a description.
	maxNodeDepth = 1000
	// maxNodes bounds how many compiled types are kept; beyond it they are
	// forgotten and compiled anew, so that a hostile sender who pairs each of
	// its types with each of ours cannot make the table grow.
	maxNodes = 1 << 16
)

// basicNodes are the types that gob knows without a description, by id. All
// Decoders share them, so their answers are given.
var basicNodes = [...]*node{
	idBool:      {kind: nodeBool, holds: no, flat: yes},
	idInt:       {kind: nodeInt, holds: no, flat: yes},
	idUint:      {kind: nodeUint, holds: no, flat: yes},
	idFloat:     {kind: nodeFloat, holds: no, flat: yes},
	idBytes:     {kind: nodeBytes, holds: no, flat: yes},
	idString:    {kind: nodeString, holds: no, flat: yes},
	idComplex:   {kind: nodeComplex, holds: no, flat: yes},
	idInterface: {kind: nodeInterface, holds: yes, flat: no},
}

// A wireSet is the described types of one sender.
type wireSet struct {
	types map[int32]*wireType
	nodes map[nodeKey]*node
	names map[string]reflect.Type // dynamic types of interfaces, found so far
	// recent is what node found last, by the low bits of the id: hashing a
	// nodeKey takes as long as a walk over a small value.
	recent [8]struct {
		key  nodeKey
		node *node
	}
	// generation counts how often nodes was emptied. What gob keeps for each
	// pair of types grows in step, and must be dropped with it.
	generation int
}

// A nodeKey pairs a sender's type with a receiver's, nil if it has none.
type nodeKey struct {
	id   int32
	into reflect.Type
}

func newWireSet() *wireSet {
	return &wireSet{
		types: make(map[int32]*wireType),
		nodes: make(map[nodeKey]*node),
		names: make(map[string]reflect.Type),
	}
}

// node returns the sender's type id compiled for decoding into a value of the
// given type. It fails if a type that id refers to has not been described.
func (s *wireSet) node(id int32, into reflect.Type) (*node, error) {
	key := nodeKey{id, into}
	recent := &s.recent[id&7]
	if recent.node != nil && recent.key == key {
		return recent.node, nil
	}
	n, err := s.lookUp(key)
	if err == nil {
		recent.key, recent.node = key, n
	}
	return n, err
}

// lookUp is node without the short way.
func (s *wireSet) lookUp(key nodeKey) (*node, error) {
	if n := s.nodes[key]; n != nil {
		return n, nil
	}
	b := nodeBuilder{set: s, made: make(map[nodeKey]*node)}
	n, err := b.build(key, 0)
	if err != nil {
		return nil, err
	}
	if len(s.nodes)+len(b.made) > maxNodes {
		clear(s.nodes)
		clear(s.names)
		s.recent = [len(s.recent)]struct {
			key  nodeKey
			node *node
		}{}
		s.generation++
	}
	for key, made := range b.made {
		s.nodes[key] = made
	}
	s.nodes[key] = n
	return n, nil
}

// named returns the type that name stands for in an interface, as far as it is
// known here; nil otherwise. gob may know more, under names it was given by the
// program itself; of these a walk cannot tell the size.
func (s *wireSet) named(name []byte) reflect.Type {
	if t, ok := s.names[string(name)]; ok {
		return t
	}
	t, ok := basicNames[string(name)]
	if !ok {
		known, ok := Lookup(string(name))
		if !ok {
			return nil // not kept: it may be registered later
		}
		t = known.goType
	}
	s.names[string(name)] = t
	return t
}

// basicNames are the dynamic types that gob knows without registration.
var basicNames = func() map[string]reflect.Type {
	names := map[string]reflect.Type{"[]uint8": reflect.TypeFor[[]byte]()}
	for _, t := range []reflect.Type{
		reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](),
		reflect.TypeFor[int32](), reflect.TypeFor[int64](), reflect.TypeFor[uint](),
		reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](),
		reflect.TypeFor[uint64](), reflect.TypeFor[uintptr](), reflect.TypeFor[float32](),
		reflect.TypeFor[float64](), reflect.TypeFor[complex64](), reflect.TypeFor[complex128](),
		reflect.TypeFor[bool](), reflect.TypeFor[string](),
	} {
		names[t.Name()] = t
		names["[]"+t.Name()] = reflect.SliceOf(t)
	}
	return names
}()

// mayHoldInterface reports whether a value of n can contain an interface.
func (n *node) mayHoldInterface() bool {
	if n.holds == unknown {
		n.holds = answerTo(n.any(make(map[*node]bool), func(part *node) bool {
			return part.kind == nodeInterface
		}))
	}
	return n.holds == yes
}

// isFlat reports whether a value of n has no part whose number or depth the
// value itself decides. What gob allocates for such a value is bounded by its
// bytes and the receiver's type, without anybody looking at it before.
func (n *node) isFlat() bool {
	if n.flat == unknown {
		n.flat = no // what a type that contains itself finds on its way
		n.flat = answerTo(n.hasFlatParts())
	}
	return n.flat == yes
}

func (n *node) hasFlatParts() bool {
	switch n.kind {
	case nodeSlice, nodeMap, nodeInterface:
		return false
	case nodeArray:
		return n.elem.isFlat()
	}
	for _, f := range n.fields {
		if !f.isFlat() {
			return false
		}
	}
	return true
}

func answerTo(b bool) answer {
	if b {
		return yes
	}
	return no
}

// any reports whether is holds for n or one of the types it is made of.
func (n *node) any(seen map[*node]bool, is func(*node) bool) bool {
	if n == nil || seen[n] {
		return false
	}
	seen[n] = true
	if is(n) || n.elem.any(seen, is) || n.key.any(seen, is) {
		return true
	}
	for _, f := range n.fields {
		if f.any(seen, is) {
			return true
		}
	}
	return false
}

// A nodeBuilder compiles a type and those it refers to. What it made is kept
// only if all of it could be made.
type nodeBuilder struct {
	set  *wireSet
	made map[nodeKey]*node
}

func (b *nodeBuilder) build(key nodeKey, depth int) (*node, error) {
	into, alloc := target(key.into)
	if key.id > 0 && int(key.id) < len(basicNodes) && alloc == 0 {
		return basicNodes[key.id], nil
	}
	if n := b.set.nodes[key]; n != nil {
		return n, nil
	}
	if n := b.made[key]; n != nil {
		return n, nil // a type that contains itself
	}
	if depth > maxNodeDepth {
		return nil, fmt.Errorf("gob types nested deeper than %d", maxNodeDepth)
	}
	n := new(node)
	if key.id > 0 && int(key.id) < len(basicNodes) {
		*n = *basicNodes[key.id]
		n.alloc = alloc
		b.made[key] = n
		return n, nil
	}
	w := b.set.types[key.id]
	if w == nil {
		return nil, fmt.Errorf("gob type id %d has not been described", key.id)
	}
	n.name, n.alloc = w.name, alloc
	b.made[key] = n
	return n, b.parts(n, w, into, depth)
}

// parts fills in what n is made of. Where the receiver's type has another
// kind than the sender's, gob will refuse to decode; the walk still has to know
// the sender's.
func (b *nodeBuilder) parts(n *node, w *wireType, into reflect.Type, depth int) (err error) {
	switch w.kind {
	case wireOpaque:
		n.kind = nodeOpaque
	case wireArray:
		n.kind, n.length = nodeArray, w.length
		n.elem, err = b.build(nodeKey{w.elem, elemOf(into, reflect.Array)}, depth+1)
	case wireSlice:
		n.kind = nodeSlice
		elem := elemOf(into, reflect.Slice)
		n.unit = sizeOf(elem)
		n.elem, err = b.build(nodeKey{w.elem, elem}, depth+1)
	case wireMap:
		n.kind = nodeMap
		err = b.mapParts(n, w, into, depth)
	case wireStruct:
		n.kind = nodeStruct
		err = b.structParts(n, w, into, depth)
	}
	return err
}

func (b *nodeBuilder) mapParts(n *node, w *wireType, into reflect.Type, depth int) (err error) {
	elem := elemOf(into, reflect.Map)
	var key reflect.Type
	if elem != nil {
		key = into.Key()
	}
	// A map is at most half empty, and has a control byte for each place.
	n.unit = 2 * (sizeOf(key) + sizeOf(elem) + 1)
	if n.key, err = b.build(nodeKey{w.key, key}, depth+1); err != nil {
		return err
	}
	n.elem, err = b.build(nodeKey{w.elem, elem}, depth+1)
	return err
}

func (b *nodeBuilder) structParts(n *node, w *wireType, into reflect.Type, depth int) error {
	n.fields = make([]*node, len(w.fields))
	n.names = make([]string, len(w.fields))
	for i, f := range w.fields {
		part, err := b.build(nodeKey{f.id, fieldOf(into, f.name)}, depth+1)
		if err != nil {
			return err
		}
		n.fields[i], n.names[i] = part, f.name
	}
	return nil
}

// target takes the pointers off t and adds up what they lead to.
func target(t reflect.Type) (reflect.Type, uint64) {
	alloc := uint64(0)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
		alloc += max(1, uint64(t.Size()))
	}
	return t, alloc
}

// elemOf is the element type of t if t is of the given kind.
func elemOf(t reflect.Type, kind reflect.Kind) reflect.Type {
	if t == nil || t.Kind() != kind {
		return nil
	}
	return t.Elem()
}

// fieldOf is the type of the field of t that gob would decode into.
func fieldOf(t reflect.Type, name string) reflect.Type {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	f, ok := t.FieldByName(name)
	if !ok || !f.IsExported() {
		return nil
	}
	return f.Type
}

// sizeOf is the size of a t in memory, 0 for none.
func sizeOf(t reflect.Type) uint64 {
	if t == nil {
		return 0
	}
	return uint64(t.Size())
}
