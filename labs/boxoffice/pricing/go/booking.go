package main

import (
	"encoding/json"
	"errors"
	"regexp"
	"unicode/utf8"
)

const mostSeats = 100

var (
	name = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

	errBody  = errors.New("the body: a JSON object is wanted")
	errName  = errors.New("event: 1 to 100 letters, digits, `_` or `-` are wanted")
	errSeats = errors.New("seats: a whole number from 1 to 100 is wanted")
)

type booking struct {
	event string
	seats int64
}

// readBooking reads the body of POST /quotes, or says what is wrong with it.
//
// It goes by way of a map: into a struct, encoding/json would read "EVENT" as "event", too. A field that is absent is
// an empty text there, which is no JSON, and null leaves a variable as it was, which no booking may be.
func readBooking(body []byte) (booking, error) {
	var fields map[string]json.RawMessage
	if !utf8.Valid(body) || json.Unmarshal(body, &fields) != nil || fields == nil {
		return booking{}, errBody
	}
	var read booking
	if json.Unmarshal(fields["event"], &read.event) != nil || !name.MatchString(read.event) {
		return booking{}, errName
	}
	if json.Unmarshal(fields["seats"], &read.seats) != nil || read.seats < 1 || read.seats > mostSeats {
		return booking{}, errSeats
	}
	return read, nil
}
