package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

type feederArgs struct{ Root string }

var feeder = worker.Define("feeder", feed)

// feed sends every file to a parser: the one with the most room.
func feed(ctx context.Context, w *worker.Worker, args feederArgs) error {
	files, bad, err := sources(args.Root)
	if err != nil {
		return err
	}
	f := &feeding{w: w}
	for _, b := range bad {
		f.skip(b)
	}
	if err := tell(ctx, w, found{int64(len(files))}); err != nil {
		return err
	}
	if f.parsers, err = worker.SenderTo[[]byte](w, worker.OneOf(parser.Name())); err != nil {
		return err
	}
	defer f.parsers.Close()
	for _, path := range files {
		if err := f.send(ctx, path); err != nil {
			return err
		}
	}
	for _, name := range []string{parser.Name(), reducer.Name()} {
		if _, err := worker.Send(ctx, w, worker.Name(name), f.fed); err != nil {
			return err
		}
	}
	return nil
}

// feeding is the feeder at work.
type feeding struct {
	w       *worker.Worker
	parsers *worker.Sender[[]byte]
	fed     fed
}

// skip names what cannot be read.
func (f *feeding) skip(u unreadable) {
	f.w.Print(u)
	f.fed.Unreadable++
}

// send reads a file into memory that one of the parsers will scan.
func (f *feeding) send(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		f.skip(unreadable{path, err})
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		f.skip(unreadable{path, err})
		return nil
	}
	// One byte more than the file has, to see that it ends where it says.
	message, err := f.parsers.Claim(ctx, stampSize+int(info.Size())+1)
	if errors.Is(err, worker.ErrTooLarge) {
		return f.sendName(ctx, path)
	}
	if err != nil {
		return err
	}
	switch n, err := io.ReadFull(file, message[stampSize:]); err {
	case io.EOF, io.ErrUnexpectedEOF:
		f.fed.Sent++
		stamp(message)
		return f.parsers.Commit(ctx, stampSize+n)
	case nil: // it has grown meanwhile
		f.parsers.Abort()
		return f.sendName(ctx, path)
	default:
		f.parsers.Abort()
		f.skip(unreadable{path, err})
		return nil
	}
}

// sendName leaves a file that fits no message to a parser to read.
func (f *feeding) sendName(ctx context.Context, path string) error {
	f.fed.Sent++
	_, err := worker.Send(ctx, f.w, worker.OneOf(parser.Name()), ownRead{path, ring.Now()})
	return err
}
