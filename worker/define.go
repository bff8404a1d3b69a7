package worker

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"sync"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

// None is the argument type of workers that take none.
type None struct{}

// Kind is a worker that this program can run, with start arguments of type A.
type Kind[A any] struct{ name string }

// definition is a kind as Main finds it.
type definition struct {
	name     string
	function string // of the user, for stacks
	run      func(ctx context.Context, w *Worker, args []byte) error
}

var (
	definitionsMu sync.Mutex
	definitions   = map[string]*definition{}
)

// Define gives a worker's body a name. It is called while the program starts,
// in package variables or init functions, in the same way in every process. It
// panics when the name is empty, too long or defined twice.
//
// The body runs in a process of its own. When it returns nil, mail that has
// arrived is still handled, after the body's deferred calls, and the worker
// ends. An error or a panic is a failure.
func Define[A any](kind string, body func(ctx context.Context, w *Worker, args A) error) Kind[A] {
	if kind == "" || len(kind) > maxName {
		panic(fmt.Sprintf("worker: Define: a kind's name has 1 to %d bytes, %q has %d", maxName, kind, len(kind)))
	}
	definitionsMu.Lock()
	defer definitionsMu.Unlock()
	if definitions[kind] != nil {
		panic(fmt.Sprintf("worker: Define: kind %q is defined twice", kind))
	}
	definitions[kind] = &definition{
		name:     kind,
		function: functionName(body),
		run: func(ctx context.Context, w *Worker, data []byte) error {
			var args A
			if err := codec.Unmarshal(data, &args); err != nil {
				return fmt.Errorf("worker: start arguments of kind %q, type %T: %w", kind, args, err)
			}
			return body(ctx, w, args)
		},
	}
	return Kind[A]{kind}
}

// Name returns the name given to Define.
func (k Kind[A]) Name() string { return k.name }

// Spec returns the description of one worker of this kind, to be added to a
// supervisor or a process list. The worker is named after its kind; see
// [Spec.Named].
func (k Kind[A]) Spec(args A) Spec {
	data, err := codec.Marshal(args)
	if err != nil {
		err = fmt.Errorf("worker: start arguments of kind %q: %w", k.name, err)
	}
	return Spec{Kind: k.name, Name: k.name, Args: data, err: err}
}

// Kinds returns the names of all kinds this program defines, sorted.
func Kinds() []string {
	definitionsMu.Lock()
	defer definitionsMu.Unlock()
	return slices.Sorted(maps.Keys(definitions))
}

func find(kind string) (*definition, error) {
	kinds := Kinds()
	if kind == "" && len(kinds) == 1 {
		kind = kinds[0]
	}
	definitionsMu.Lock()
	defer definitionsMu.Unlock()
	if d := definitions[kind]; d != nil {
		return d, nil
	}
	if kind == "" {
		return nil, fmt.Errorf("%w: this binary defines %q; say which with Spec.OfKind", ErrUnknownKind, kinds)
	}
	return nil, fmt.Errorf("%w: %q; this binary defines %q", ErrUnknownKind, kind, kinds)
}

// functionName returns the name and the place of a function.
func functionName(f any) string {
	pc := reflect.ValueOf(f).Pointer()
	fn := runtime.FuncForPC(pc)
	if fn == nil {
		return "unknown function"
	}
	file, line := fn.FileLine(pc)
	return fmt.Sprintf("%s\n\t%s:%d", fn.Name(), file, line)
}
