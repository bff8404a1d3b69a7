// Package logger has ready-made workers that write down what flows through a
// run: residents that listen to types and do nothing else.
//
//	var audit = logger.Func("audit", func(e logger.Entry) error {
//		fmt.Println(e.From, e.Value)
//		return nil
//	}, logger.Of[Order](), logger.Of[Trade]())
//
//	s.Add(audit.Spec())
package logger

import (
	"context"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Entry is one message as a logger sees it.
type Entry struct {
	Worker   *worker.Worker // the logger itself, for printing
	Envelope worker.Envelope
	Value    any // worker.Unknown for a type this program has not registered
}

// String returns sender, type and value on one line.
func (e Entry) String() string {
	return fmt.Sprintf("%s (id %v): %s %v", e.Envelope.FromName, e.Envelope.From, e.Envelope.Type, e.Value)
}

// Type is a type to listen to; see Of.
type Type struct {
	listen func(w *worker.Worker, log func(any) error) error
}

// Of returns T as a type to listen to: with an interface all types that
// implement it, with a struct also those that embed it, with any everything.
func Of[T any]() Type {
	return Type{listen: func(w *worker.Worker, log func(any) error) error {
		return worker.Listen(w, func(_ context.Context, m T) error { return log(m) })
	}}
}

// Logger is a kind of worker that logs.
type Logger struct{ kind worker.Kind[worker.None] }

// Func defines a logger: a resident that calls log, in its own process, with
// every message of the given types that others send; without types, with every
// message. It is called while the program starts, like worker.Define. An error
// of log is the logger's failure.
func Func(name string, log func(Entry) error, types ...Type) Logger {
	if len(types) == 0 {
		types = []Type{Of[any]()}
	}
	return Logger{worker.Define(name, func(ctx context.Context, w *worker.Worker, _ worker.None) error {
		for _, t := range types {
			err := t.listen(w, func(m any) error {
				return log(Entry{Worker: w, Envelope: w.Current(), Value: m})
			})
			if err != nil {
				return err
			}
		}
		return w.Serve(ctx)
	})}
}

// Debug defines a logger that prints every message that flows, one line each,
// through the supervisor. Types that this program has not registered are
// printed from their sender's description.
func Debug(name string) Logger {
	return Func(name, func(e Entry) error {
		e.Worker.Printf("%s (id %v): %s %s", e.Envelope.FromName, e.Envelope.From, e.Envelope.Type, e.Worker.Text())
		return nil
	})
}

// Spec returns the description of the logger as a resident.
func (l Logger) Spec() worker.Spec { return l.kind.Spec(worker.None{}).Resident() }
