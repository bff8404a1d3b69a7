package codec

import (
	"encoding/binary"
	"fmt"
	"reflect"
)

// maxGobDepth bounds how deep a value may nest: each level costs its reader
// stack, and a Go program whose stack is exhausted ends without a word.
const maxGobDepth = 10_000

// A gobWalk goes over one encoded value before anybody decodes it.
//
// A receiver does so because encoding/gob believes what it reads: it makes a
// map as large as the value says, and walks down a recursive type until the
// stack ends. A sender does so to find types described inside of the value,
// where interfaces put them: a receiver that did not see this one value would
// lack them for ever.
type gobWalk struct {
	gobCursor
	set    *wireSet
	budget uint64 // bytes of memory the value may still take
	err    error  // why the walk ended, if not for malformed bytes

	// Of a sender alone.
	learn   func(id int32, message []byte, w *wireType) error // nil: descriptions are an error
	rest    []byte                                            // messages after the current one
	learned int                                               // descriptions found in the value
}

// value walks over a top-level value of n; the cursor stands behind its id.
func (w *gobWalk) value(n *node) error {
	w.top(n, 0)
	switch {
	case w.err != nil:
		return w.err
	case w.bad:
		return errGob
	}
	return nil
}

// top walks over a value that is not part of another: one that is not a struct
// has a zero before it.
func (w *gobWalk) top(n *node, depth int) {
	if n.kind != nodeStruct && w.uint() != 0 {
		w.fail()
	}
	w.walk(n, depth)
}

// stop ends the walk for a reason of its own.
func (w *gobWalk) stop(err error) {
	if w.err == nil {
		w.err = err
	}
	w.fail()
}

// charge takes count units off the budget.
func (w *gobWalk) charge(count int, unit uint64) {
	if unit == 0 {
		return
	}
	if uint64(count) > w.budget/unit {
		w.stop(fmt.Errorf("%w: the decoded value takes more memory than MaxMessage allows", ErrTooLarge))
		return
	}
	w.budget -= uint64(count) * unit
}

func (w *gobWalk) walk(n *node, depth int) {
	if n.alloc > 0 {
		w.charge(1, n.alloc)
	}
	switch n.kind {
	case nodeBool, nodeInt, nodeUint, nodeFloat:
		w.skip()
	case nodeComplex:
		w.skip()
		w.skip()
	case nodeBytes, nodeString, nodeOpaque:
		k := w.count()
		w.charge(k, 1)
		w.take(k)
	default:
		w.composite(n, depth+1)
	}
}

// composite walks over a value that has parts.
func (w *gobWalk) composite(n *node, depth int) {
	if depth > maxGobDepth {
		w.stop(fmt.Errorf("%w: values nested deeper than %d", ErrCorrupt, maxGobDepth))
		return
	}
	switch n.kind {
	case nodeStruct:
		w.structure(n, depth)
	case nodeArray:
		if k := w.count(); k != n.length {
			w.fail()
		} else {
			w.elements(n, k, depth)
		}
	case nodeSlice:
		k := w.count()
		w.charge(k, n.unit)
		w.elements(n, k, depth)
	case nodeMap:
		k := w.count()
		w.charge(k, n.unit)
		for range k {
			w.walk(n.key, depth)
			w.walk(n.elem, depth)
			if w.bad {
				return
			}
		}
	case nodeInterface:
		w.iface(depth)
	}
}

func (w *gobWalk) structure(n *node, depth int) {
	for field := -1; !w.bad; {
		delta := w.uint()
		if delta == 0 {
			return
		}
		if delta > uint64(len(n.fields)-1-field) {
			w.fail()
			return
		}
		field += int(delta)
		w.walk(n.fields[field], depth)
	}
}

// elements walks over k elements of an array or slice.
func (w *gobWalk) elements(n *node, k, depth int) {
	for i := 0; i < k && !w.bad; i++ {
		w.walk(n.elem, depth)
	}
}

// iface walks over an interface: the name of its dynamic type (empty for nil),
// the id of that type, the length of the value, and the value as at top level.
func (w *gobWalk) iface(depth int) {
	name := w.take(w.count())
	if len(name) == 0 {
		return
	}
	if len(name) > maxName {
		w.fail()
		return
	}
	id := w.id()
	for id < 0 && !w.bad {
		w.inline(-id)
		id = w.id()
	}
	length := w.uint()
	left := len(w.b)
	var into reflect.Type
	if w.learn == nil {
		into = w.set.named(name)
		w.charge(1, sizeOf(into))
	}
	if w.bad {
		return
	}
	n, err := w.set.node(id, into)
	if err != nil {
		w.stop(err)
		return
	}
	w.top(n, depth)
	// Where nothing is described inside, the length is exact. A receiver
	// insists: gob skips by it what it decodes in vain, and must come to the
	// place where the walk came to.
	if w.learn == nil && uint64(left-len(w.b)) != length {
		w.fail()
	}
}

// inline takes in the description of type id inside a value. After it, gob
// either goes on in the same message, behind a length, or in the next one.
func (w *gobWalk) inline(id int32) {
	if w.learn == nil || id < firstUserID {
		w.fail()
		return
	}
	before := w.b
	t := w.wireType()
	if w.bad {
		return
	}
	body := appendGobUint(nil, uint64(id-1)<<1|1) // -id as gob writes it
	body = append(body, before[:len(before)-len(w.b)]...)
	w.learned++
	if err := w.learn(id, append(appendGobUint(nil, uint64(len(body))), body...), t); err != nil {
		w.stop(err)
		return
	}
	if len(w.b) > 0 {
		w.uint()
		return
	}
	var err error
	if w.b, _, w.rest, err = message(w.rest); err != nil {
		w.fail()
	}
}

// appendGobUint appends x as gob writes unsigned numbers.
func appendGobUint(dst []byte, x uint64) []byte {
	if x <= 0x7F {
		return append(dst, byte(x))
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], x)
	i := 0
	for b[i] == 0 {
		i++
	}
	dst = append(dst, byte(i-8)) // minus the number of bytes
	return append(dst, b[i:]...)
}
