package codec

import "errors"

// The errors of this package. All are wrapped with the type's name and the
// numbers that matter; test for them with errors.Is.
var (
	// ErrUnsupported: no codec can carry the type. The message names the field.
	ErrUnsupported = errors.New("codec: type cannot be carried")
	// ErrOption: an option has a wrong value, or two options contradict.
	ErrOption = errors.New("codec: wrong option")
	// ErrConflict: the type is registered differently, or the name is taken.
	ErrConflict = errors.New("codec: conflicting registration")
	// ErrUnregistered: this process has no type for what it is to encode or decode.
	ErrUnregistered = errors.New("codec: type not registered")
	// ErrUnknownType: a header names a type index, or a part of the dictionary,
	// that has not been fed to the Decoder.
	ErrUnknownType = errors.New("codec: unknown type index")
	// ErrMismatch: the value is not a pointer to the type it should be.
	ErrMismatch = errors.New("codec: wrong value type")
	// ErrLayout: sender and receiver define the type differently.
	ErrLayout = errors.New("codec: layouts differ")
	// ErrDictionaryFull: there is no room left to announce a type.
	ErrDictionaryFull = errors.New("codec: dictionary full")
	// ErrTooLarge: a payload, or the value it decodes to, exceeds MaxMessage.
	ErrTooLarge = errors.New("codec: message too large")
	// ErrCorrupt: the bytes are not what a correct sender writes.
	ErrCorrupt = errors.New("codec: corrupt data")
	// ErrEncode: the value's own encoding failed; the cause is wrapped.
	ErrEncode = errors.New("codec: cannot encode")
	// ErrDecode: the value's own decoding failed, or a gob does not fit the
	// receiver's type; the cause is wrapped.
	ErrDecode = errors.New("codec: cannot decode")
)
