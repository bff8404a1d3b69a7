//go:build nng

package main

/*
#cgo LDFLAGS: -lnng
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

// Pointers to bytes on both sides, so that Go needs no conversion.
static int send_copy(nng_socket s, unsigned char *p, size_t n) { return nng_send(s, p, n, 0); }
static int receive_copy(nng_socket s, unsigned char *p, size_t *n) { return nng_recv(s, p, n, 0); }
static int listen_at(nng_socket s, const char *a) { return nng_listen(s, a, NULL, 0); }
static int dial_to(nng_socket s, const char *a) { return nng_dial(s, a, NULL, 0); }
*/
import "C"

import (
	"fmt"
	"io"
)

var nng = peer{
	name:    "nng",
	version: func() string { return "libnng " + C.GoString(C.nng_version()) },
	options: "abstract://, called through cgo; REQ and REP for round trips, PUSH and PULL one way",
	serve:   serveNNG,
	dial:    dialNNG,
}

// nngSocket is one end.
type nngSocket struct {
	scratch
	socket C.nng_socket
	buf    []byte // of what is received
}

// openNNG returns a socket that receives messages of up to size bytes.
func openNNG(open func(*C.nng_socket) C.int, size int) (*nngSocket, error) {
	s := &nngSocket{buf: make([]byte, size)}
	return s, nngError("open", open(&s.socket))
}

func nngError(what string, code C.int) error {
	if code == 0 {
		return nil
	}
	return fmt.Errorf("%w: nng: %s: %s", errProcess, what, C.GoString(C.nng_strerror(code)))
}

// Send has copied the message when it returns.
func (s *nngSocket) Send(message []byte) error {
	if len(message) == 0 {
		return nngError("send", C.send_copy(s.socket, nil, 0))
	}
	return nngError("send", C.send_copy(s.socket, (*C.uchar)(&message[0]), C.size_t(len(message))))
}

func (s *nngSocket) receive() ([]byte, error) {
	n := C.size_t(len(s.buf))
	err := nngError("receive", C.receive_copy(s.socket, (*C.uchar)(&s.buf[0]), &n))
	return s.buf[:n], err
}

func (s *nngSocket) Call(message []byte) ([]byte, error) {
	if err := s.Send(message); err != nil {
		return nil, err
	}
	return s.receive()
}

func (s *nngSocket) Flush() error { return nil }

func (s *nngSocket) Close() error { return nngError("close", C.nng_close(s.socket)) }

func serveNNG(j job, handle func([]byte) []byte) (string, io.Closer, error) {
	open := func(s *C.nng_socket) C.int { return C.nng_rep0_open(s) }
	if j.oneWay() {
		open = func(s *C.nng_socket) C.int { return C.nng_pull0_open(s) }
	}
	s, err := openNNG(open, j.Size)
	if err != nil {
		return "", nil, err
	}
	address := "abstract://" + j.Name
	// The address is C memory that is never freed: there is one per process.
	if err := nngError("listen", C.listen_at(s.socket, C.CString(address))); err != nil {
		return "", nil, err
	}
	go func() {
		for {
			message, err := s.receive()
			if err != nil {
				return // closed
			}
			if reply := handle(message); !j.oneWay() {
				if err := s.Send(reply); err != nil {
					return
				}
			}
		}
	}()
	return address, s, nil
}

func dialNNG(j job, address string) (client, error) {
	open := func(s *C.nng_socket) C.int { return C.nng_req0_open(s) }
	if j.oneWay() {
		open = func(s *C.nng_socket) C.int { return C.nng_push0_open(s) }
	}
	s, err := openNNG(open, j.Size)
	if err != nil {
		return nil, err
	}
	return s, nngError("dial", C.dial_to(s.socket, C.CString(address)))
}
