package codec

import (
	"fmt"
	"unicode/utf8"
)

// Codec is what a program plugs in to encode a type its own way. Its methods
// may be called from several goroutines at once. v is always a non-nil pointer
// to the registered type.
type Codec interface {
	// Name identifies the encoding; both ends must use the same one. It must
	// not be the name of a built-in codec.
	Name() string
	// Append appends the encoding of *v to dst and returns the longer slice.
	Append(dst []byte, v any) ([]byte, error)
	// Decode sets *v from src. src is read-only memory, valid only during the
	// call, and a hostile sender may change it meanwhile: read each byte once,
	// or copy first, where that would matter. A panic becomes ErrCorrupt.
	Decode(src []byte, v any) error
}

// Names of the built-in codecs.
const (
	codecFixed  = "fixed"
	codecRaw    = "raw"
	codecBinary = "binary"
	codecGob    = "gob"
)

const (
	// maxName bounds wire and codec names, in bytes; gob accepts no longer one.
	maxName = 1024
	// minZstd is the least threshold of WithZstd: a zstd frame of less saves
	// nothing.
	minZstd = 64
)

// An Option changes how a type is registered.
type Option func(*settings) error

// settings is what the options ask for; the zero value is the default.
type settings struct {
	name   string
	codec  Codec
	gob    bool
	zstd   int
	chosen bool // any option was given
}

// newSettings applies the options and reports the first wrong one.
func newSettings(options []Option) (settings, error) {
	s := settings{chosen: len(options) > 0}
	for _, option := range options {
		if err := option(&s); err != nil {
			return s, err
		}
	}
	if s.gob && s.codec != nil {
		return s, fmt.Errorf("%w: AsGob and WithCodec(%q) exclude each other", ErrOption, s.codec.Name())
	}
	return s, nil
}

// WithName gives the type its name on the wire: 1 to 1024 bytes of printable
// text. Types of package main need one to be exchanged between separate
// binaries. The default is import path and type name.
func WithName(name string) Option {
	return func(s *settings) error {
		if !validName(name) {
			return fmt.Errorf("%w: WithName(%.40q): want 1 to %d bytes of printable text", ErrOption, name, maxName)
		}
		s.name = name
		return nil
	}
}

// WithCodec encodes the type by c instead of its default codec.
func WithCodec(c Codec) Option {
	return func(s *settings) error {
		if c == nil {
			return fmt.Errorf("%w: WithCodec(nil)", ErrOption)
		}
		switch name := c.Name(); {
		case !validName(name):
			return fmt.Errorf("%w: WithCodec: name %.40q: want 1 to %d bytes of printable text", ErrOption, name, maxName)
		case name == codecFixed, name == codecRaw, name == codecBinary, name == codecGob:
			return fmt.Errorf("%w: WithCodec: %q is the name of a built-in codec", ErrOption, name)
		}
		s.codec = c
		return nil
	}
}

// AsGob encodes the type by encoding/gob even where another codec is its
// default: a fixed type whose definition may differ between sender and
// receiver, for example, since gob tolerates added and removed fields.
func AsGob() Option {
	return func(s *settings) error {
		s.gob = true
		return nil
	}
}

// WithZstd compresses payloads of at least threshold bytes (64 or more), and
// keeps the result where it saves at least an eighth. It trades time for room
// in the ring; the default is no compression. Each end may choose its own.
func WithZstd(threshold int) Option {
	return func(s *settings) error {
		if threshold < minZstd {
			return fmt.Errorf("%w: WithZstd(%d): threshold is %d bytes at least", ErrOption, threshold, minZstd)
		}
		s.zstd = threshold
		return nil
	}
}

// validName reports whether name may stand on the wire and in a terminal.
func validName(name string) bool {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) {
		return false
	}
	return printable(name)
}
