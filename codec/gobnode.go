package codec

import (
	"fmt"
	"reflect"
)

// A node is a sender's type together with the receiver's type it is decoded
// into, compiled into what a walk over an encoded value needs at each step.
type node struct {
	kind    nodeKind
	name    string
	elem    *node
	key     *node
	fields  []*node
	names   []string // of the fields
	length  int      // of an array
	unit    uint64   // bytes of memory for each element of a slice or map
	alloc   uint64   // bytes of memory for what pointers lead to
	reaches reach
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

// reach says whether a value of the type may hold an interface.
type reach uint8

const (
	reachUnknown reach = iota
	reachNever
	reachMaybe
)

const (
	// maxNodeDepth bounds how deep types may nest, in a description.
	maxNodeDepth = 1000
	// maxNodes bounds how many compiled types are kept; beyond it they are
	// forgotten and compiled anew, so that a hostile sender who pairs each of
	// its types with each of ours cannot make the table grow.
	maxNodes = 1 << 16
)

// basicNodes are the types that gob knows without a description, by id.
var basicNodes = [...]*node{
	idBool:      {kind: nodeBool, reaches: reachNever},
	idInt:       {kind: nodeInt, reaches: reachNever},
	idUint:      {kind: nodeUint, reaches: reachNever},
	idFloat:     {kind: nodeFloat, reaches: reachNever},
	idBytes:     {kind: nodeBytes, reaches: reachNever},
	idString:    {kind: nodeString, reaches: reachNever},
	idComplex:   {kind: nodeComplex, reaches: reachNever},
	idInterface: {kind: nodeInterface, reaches: reachMaybe},
}

// A wireSet is the described types of one sender.
type wireSet struct {
	types map[int32]*wireType
	nodes map[nodeKey]*node
}

// A nodeKey pairs a sender's type with a receiver's, nil if it has none.
type nodeKey struct {
	id   int32
	into reflect.Type
}

func newWireSet() *wireSet {
	return &wireSet{types: make(map[int32]*wireType), nodes: make(map[nodeKey]*node)}
}

// node returns the sender's type id compiled for decoding into a value of the
// given type. It fails if a type that id refers to has not been described.
func (s *wireSet) node(id int32, into reflect.Type) (*node, error) {
	key := nodeKey{id, into}
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
	}
	for key, made := range b.made {
		s.nodes[key] = made
	}
	s.nodes[key] = n
	return n, nil
}

// mayHoldInterface reports whether a value of n can contain an interface.
func (n *node) mayHoldInterface() bool {
	if n.reaches == reachUnknown {
		n.reaches = reachNever
		if n.search(make(map[*node]bool)) {
			n.reaches = reachMaybe
		}
	}
	return n.reaches == reachMaybe
}

// search looks for an interface among the types n is made of.
func (n *node) search(seen map[*node]bool) bool {
	if n == nil || seen[n] {
		return false
	}
	seen[n] = true
	if n.kind == nodeInterface || n.elem.search(seen) || n.key.search(seen) {
		return true
	}
	for _, f := range n.fields {
		if f.search(seen) {
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
