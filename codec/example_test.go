package codec_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

// dictionary is the memory in which a sender describes its types. Between
// processes it lies in the sender's outbox.
type dictionary struct{ bytes []byte }

func (d *dictionary) Append(entry []byte) (uint32, error) {
	d.bytes = append(d.bytes, entry...)
	return uint32(len(d.bytes)), nil
}

type Greeting struct {
	Text  string
	Times int
}

// The sender encodes a value: its type goes into the dictionary once, the
// payload holds the value alone. The receiver reads the dictionary up to where
// the header says, and decodes.
func Example() {
	var types dictionary
	sender := codec.NewEncoder(&types)
	receiver := codec.NewDecoder(codec.DecoderOptions{})

	greeting := codec.Register[Greeting]()
	for i := range 2 {
		payload, header, err := sender.Append(nil, greeting, &Greeting{"hi", i})
		if err != nil {
			fmt.Println(err)
			return
		}
		if header.Need > receiver.Fed() {
			fmt.Println("reading the dictionary")
			if err := receiver.Feed(types.bytes); err != nil {
				fmt.Println(err)
				return
			}
		}
		v, err := receiver.DecodeAny(header, payload)
		fmt.Printf("%+v %v\n", v, err)
	}
	// Output:
	// reading the dictionary
	// {Text:hi Times:0} <nil>
	// {Text:hi Times:1} <nil>
}

// Position is carried by a codec of the program's own.
type Position struct{ X, Y int64 }

// varints encodes a Position as two numbers of as few bytes as possible.
type varints struct{}

func (varints) Name() string { return "example.com/varints" }

func (varints) Append(dst []byte, v any) ([]byte, error) {
	p := v.(*Position)
	return binary.AppendVarint(binary.AppendVarint(dst, p.X), p.Y), nil
}

func (varints) Decode(src []byte, v any) error {
	p := v.(*Position)
	var n, m int
	if p.X, n = binary.Varint(src); n <= 0 {
		return errors.New("no X")
	}
	if p.Y, m = binary.Varint(src[n:]); m <= 0 || n+m != len(src) {
		return errors.New("no Y")
	}
	return nil
}

// A type may bring its own codec; both programs register it with the same one.
func ExampleWithCodec() {
	position := codec.Register[Position](codec.WithCodec(varints{}))
	var types dictionary
	payload, header, _ := codec.NewEncoder(&types).Append(nil, position, &Position{1, -300})

	receiver := codec.NewDecoder(codec.DecoderOptions{})
	if err := receiver.Feed(types.bytes); err != nil {
		fmt.Println(err)
	}
	var p Position
	err := receiver.Decode(header, payload, &p)
	fmt.Println(len(payload), p, err)
	// Output: 3 {1 -300} <nil>
}

// Event is what several messages have in common.
type Event struct{ Source string }

type Started struct {
	Event
	Cores []int
}

// A listener that asks for a type also gets the types that embed it.
func ExamplePatternFor() {
	pattern, _ := codec.PatternFor[Event]()
	started := codec.Register[Started]()
	fmt.Println(pattern.Matches(started))

	event, ok := codec.As[Event](Started{Event{"pricer"}, []int{3}})
	fmt.Println(event.Source, ok)
	// Output:
	// true
	// pricer true
}

// A tool shows values of types that it does not have.
func ExampleDecoder_Format() {
	var types dictionary
	payload, header, _ := codec.NewEncoder(&types).Append(nil, codec.Register[Started](), &Started{Cores: []int{1, 2}})

	tool := codec.NewDecoder(codec.DecoderOptions{})
	if err := tool.Feed(types.bytes); err != nil {
		fmt.Println(err)
	}
	text, err := tool.Format(header, payload)
	fmt.Println(text, err)
	// Output: {Event:{Source:} Cores:[1 2]} <nil>
}

// Arguments that are sent once carry everything that is needed to decode them.
func ExampleMarshal() {
	data, err := codec.Marshal(map[string]int{"lanes": 4})
	if err != nil {
		fmt.Println(err)
	}
	var arguments map[string]int
	err = codec.Unmarshal(data, &arguments)
	fmt.Println(arguments, err)
	// Output: map[lanes:4] <nil>
}

// Article is compressed from 4 KiB on, if that saves an eighth.
type Article struct{ Body string }

func ExampleWithZstd() {
	article := codec.Register[Article](codec.WithZstd(4 << 10))
	var types dictionary
	payload, header, _ := codec.NewEncoder(&types).Append(nil, article, &Article{strings.Repeat("news ", 2000)})
	fmt.Println(header.Flags == codec.FlagZstd, len(payload) < 100)
	// Output: true true
}
