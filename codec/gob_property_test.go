package codec_test

import (
	"bytes"
	"encoding/gob"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

type everything struct {
	B   bool
	I   int64
	U   uint16
	F   float64
	F32 float32
	C   complex128
	S   string
	Y   []byte
	L   []int
	LL  [][]string
	A   [3]uint8
	M   map[string]int
	MM  map[int]map[string]bool
	P   *int
	Q   *quote
	QS  []*quote
	N   *node
	T   time.Time
	X   any
	XS  []any
}

func drawEverything(r *rapid.T) everything {
	text := rapid.StringN(0, 8, 32)
	e := everything{
		B: rapid.Bool().Draw(r, "B"), I: rapid.Int64().Draw(r, "I"), U: rapid.Uint16().Draw(r, "U"),
		F: rapid.Float64().Draw(r, "F"), F32: rapid.Float32().Draw(r, "F32"), S: text.Draw(r, "S"),
		C:  complex(rapid.Float64().Draw(r, "re"), rapid.Float64().Draw(r, "im")),
		Y:  rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(r, "Y"),
		L:  rapid.SliceOfN(rapid.Int(), 0, 5).Draw(r, "L"),
		LL: rapid.SliceOfN(rapid.SliceOfN(text, 0, 3), 0, 3).Draw(r, "LL"),
		M:  rapid.MapOfN(text, rapid.Int(), 0, 4).Draw(r, "M"),
	}
	if rapid.Bool().Draw(r, "pointers") {
		e.P = new(rapid.Int().Draw(r, "P"))
		e.Q = &quote{text.Draw(r, "Symbol"), 1, rapid.Int().Draw(r, "Qty")}
		e.QS = []*quote{e.Q, {Qty: 2}}
		e.N = &node{"a", &node{"b", nil}}
		e.MM = map[int]map[string]bool{rapid.Int().Draw(r, "key"): {"x": true}}
		e.T = time.Unix(rapid.Int64Range(0, math.MaxInt32).Draw(r, "T"), 0).UTC()
	}
	any_ := rapid.SampledFrom([]any{nil, "s", 1, quote{"Q", 1, 1}, cage{dog{"d"}}, cage{cage{cat{[]int{1}}}}, []any{1, nil}})
	e.X = any_.Draw(r, "X")
	e.XS = rapid.SliceOfN(any_, 0, 4).Draw(r, "XS")
	return e
}

func TestGobValuesArriveAsWithEncodingGob(t *testing.T) {
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	rapid.Check(t, func(r *rapid.T) {
		v := drawEverything(r)
		got := receive[everything](t, d, &dictionary, send(t, e, v))
		var stream bytes.Buffer
		var want everything
		if err := gob.NewEncoder(&stream).Encode(v); err != nil {
			t.Fatal(err)
		}
		if err := gob.NewDecoder(&stream).Decode(&want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
		data, err := codec.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var again everything
		if err := codec.Unmarshal(data, &again); err != nil || !reflect.DeepEqual(again, want) {
			t.Fatalf("Unmarshal: %v: got %+v, want %+v", err, again, want)
		}
	})
}
