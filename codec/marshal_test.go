package codec_test

import (
	"reflect"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

func TestMarshalRoundTrip(t *testing.T) {
	for _, v := range []any{
		nothing{}, 7, "text", []string{"a"}, map[string]int{"x": 1}, quote{"A", 1, 2},
		zooNumber(70), plain{1, 2}, cage{nil}, struct{}{},
	} {
		data, err := codec.Marshal(v)
		if err != nil {
			t.Errorf("Marshal(%T): %v", v, err)
			continue
		}
		got := reflect.New(reflect.TypeOf(v))
		if err := codec.Unmarshal(data, got.Interface()); err != nil || !reflect.DeepEqual(got.Elem().Interface(), v) {
			t.Errorf("%T: got %+v, %v, want %+v", v, got.Elem(), err, v)
		}
	}
}

func TestMarshalTakesPointersAsTheirValue(t *testing.T) {
	for _, v := range []any{&quote{"A", 1, 2}, &struct{}{}} {
		data, err := codec.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.New(reflect.TypeOf(v).Elem())
		if err := codec.Unmarshal(data, got.Interface()); err != nil || !reflect.DeepEqual(got.Interface(), v) {
			t.Errorf("got %+v, %v", got.Elem(), err)
		}
	}
}

func TestMarshalRefusesWhatGobCannotCarry(t *testing.T) {
	for _, v := range []any{nil, (*quote)(nil), make(chan int), struct{ a int }{1}, broken{make(chan int)}} {
		_, err := codec.Marshal(v)
		wantError(t, err, codec.ErrEncode)
	}
}

func TestUnmarshalRefusesNonsense(t *testing.T) {
	data, _ := codec.Marshal(quote{"A", 1, 2})
	var q quote
	for n := range data {
		wantError(t, codec.Unmarshal(data[:n], &q), codec.ErrCorrupt)
	}
	wantError(t, codec.Unmarshal(data, q), codec.ErrMismatch)
	wantError(t, codec.Unmarshal(data, (*quote)(nil)), codec.ErrMismatch)
	wantError(t, codec.Unmarshal([]byte{1}, new(nothing)), codec.ErrCorrupt)
}
