package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"math"
	"net/http"
	"os"
	"regexp"
	"time"
)

const header = "X-Request-ID"

var (
	kept   = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,100}$`)
	probes = map[string]bool{"/healthz": true, "/readyz": true}
)

// A line is what is logged of a request: one JSON object on a line of stdout.
type line struct {
	At        string  `json:"at"`
	Level     string  `json:"level"`
	Service   string  `json:"service"`
	RequestID string  `json:"request_id"`
	Message   string  `json:"message"`
	Status    int     `json:"status"`
	Seconds   float64 `json:"seconds"`
}

// logged gives each request its id, sends the answer, and logs one line when that is complete.
func logged(s service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, id := time.Now(), r.Header.Get(header)
		if !kept.MatchString(id) {
			id = newID()
		}
		found := s.answer(r)
		w.Header().Set(header, id)
		send(w, found)
		if !probes[r.URL.Path] {
			write(line{
				At:        time.Now().UTC().Format("2006-01-02T15:04:05.000-07:00"),
				Level:     "info",
				Service:   "pricing",
				RequestID: id,
				Message:   r.Method + " " + r.URL.Path,
				Status:    found.status,
				Seconds:   math.Round(time.Since(start).Seconds()*1e4) / 1e4,
			})
		}
	})
}

func send(w http.ResponseWriter, found answer) {
	mediaType := "application/json"
	if found.status != http.StatusOK {
		mediaType = "application/problem+json"
	}
	text, _ := json.Marshal(found.body) // structs of texts and numbers: it cannot fail
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(found.status)
	w.Write(text)
}

// write puts a line into the log by one call, so that lines of requests at the same time do not mix.
func write(l line) {
	text, _ := json.Marshal(l)
	os.Stdout.Write(append(text, '\n'))
}

func newID() string {
	id := make([]byte, 16)
	rand.Read(id) // it never fails: see its documentation
	return hex.EncodeToString(id)
}
