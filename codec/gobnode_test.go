package codec

import (
	"encoding/gob"
	"reflect"
	"testing"
)

func TestCompiledTypesAreForgottenBeyondALimit(t *testing.T) {
	set := newWireSet()
	const ids = maxNodes + 10
	for id := range int32(ids) {
		set.types[firstUserID+id] = &wireType{kind: wireStruct}
	}
	for id := range int32(ids) {
		if _, err := set.node(firstUserID+id, reflect.TypeFor[struct{}]()); err != nil {
			t.Fatal(err)
		}
		if len(set.nodes) > maxNodes {
			t.Fatalf("%d compiled types, limit %d", len(set.nodes), maxNodes)
		}
	}
	if set.generation != 1 {
		t.Errorf("generation %d, want 1", set.generation)
	}
}

func TestDescriptionsThatNestTooDeepAreRefused(t *testing.T) {
	set := newWireSet()
	for id := range int32(maxNodeDepth + 10) {
		set.types[firstUserID+id] = &wireType{kind: wireSlice, elem: firstUserID + id + 1}
	}
	if _, err := set.node(firstUserID, nil); err == nil {
		t.Error("accepted")
	}
	if len(set.nodes) > 0 {
		t.Errorf("%d types of one that could not be compiled were kept", len(set.nodes))
	}
}

func TestFlatTypesHaveNoPartTheValueMultiplies(t *testing.T) {
	type inner struct{ A [2][3]string }
	type flat struct {
		A int
		B []byte
		C inner
		D *inner
	}
	type recursive struct{ Next *recursive }
	for _, c := range []struct {
		v     any
		flat  bool
		holds bool
	}{
		{flat{}, true, false},
		{[]int{}, false, false},
		{struct{ M map[string]inner }{}, false, false},
		{struct{ X any }{}, false, true},
		{struct{ D struct{ X []any } }{}, false, true},
		{recursive{}, false, false},
		{struct{ R recursive }{}, false, false},
	} {
		s := newGobStream(func(int32, []byte) error { return nil })
		v := reflect.New(reflect.TypeOf(c.v))
		out, err := s.encode(nil, anyType, v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		_, id, err := valueMessage(out)
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.set.node(id, v.Type().Elem())
		if err != nil {
			t.Fatal(err)
		}
		if n.isFlat() != c.flat || n.mayHoldInterface() != c.holds {
			t.Errorf("%T: flat %v, holds interfaces %v, want %v, %v", c.v, n.isFlat(), n.mayHoldInterface(), c.flat, c.holds)
		}
	}
}

// The names under which gob knows types without registration are its own; the
// table must have them all.
func TestBasicNamesAreThoseOfGob(t *testing.T) {
	type holder struct{ X any }
	for name, typ := range basicNames {
		data, err := appendSelfContained(nil, &holder{reflect.Zero(typ).Interface()})
		if err != nil {
			t.Errorf("gob does not know %s: %v", typ, err)
			continue
		}
		var h holder
		in := &gobInput{b: data}
		if err := gob.NewDecoder(in).Decode(&h); err != nil || reflect.TypeOf(h.X) != typ {
			t.Errorf("%s came back as %T, %v", name, h.X, err)
		}
	}
}
