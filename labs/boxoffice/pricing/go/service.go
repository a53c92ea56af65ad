package main

import (
	"io"
	"net/http"
	"strings"
)

// A service answers questions about one price list: cents a seat, by event.
type service struct {
	prices map[string]int64
}

// An answer is a status, and what is sent as JSON.
type answer struct {
	status int
	body   any
}

type quote struct {
	Event         string `json:"event"`
	Seats         int64  `json:"seats"`
	ListedCents   int64  `json:"listed_cents"`
	DiscountCents int64  `json:"discount_cents"`
	FeeCents      int64  `json:"fee_cents"`
	TotalCents    int64  `json:"total_cents"`
}

type state struct {
	Status string `json:"status"`
}

// answer finds what a path stands for. It is done by hand: http.ServeMux answers what it does not know in plain text.
func (s service) answer(r *http.Request) answer {
	event, isPrice := strings.CutPrefix(r.URL.Path, "/prices/")
	switch {
	case r.URL.Path == "/quotes":
		return only(http.MethodPost, r, s.quote)
	case isPrice && event != "" && !strings.Contains(event, "/"):
		return only(http.MethodGet, r, func(*http.Request) answer { return s.price(event) })
	case r.URL.Path == "/healthz":
		return only(http.MethodGet, r, alive)
	case r.URL.Path == "/readyz":
		return only(http.MethodGet, r, ready)
	}
	return problem(http.StatusNotFound, "There is nothing at this path.")
}

func only(method string, r *http.Request, question func(*http.Request) answer) answer {
	if r.Method != method {
		return problem(http.StatusMethodNotAllowed, "Ask by "+method+".")
	}
	return question(r)
}

// price says what one seat of an event comes to, if one takes the cheapest.
func (s service) price(event string) answer {
	if !name.MatchString(event) {
		return problem(http.StatusUnprocessableEntity, errName.Error())
	}
	return s.quoted(booking{event, 1})
}

// quote says what a booking of several seats comes to.
func (s service) quote(r *http.Request) answer {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return problem(http.StatusUnprocessableEntity, errBody.Error())
	}
	wanted, err := readBooking(body)
	if err != nil {
		return problem(http.StatusUnprocessableEntity, err.Error())
	}
	return s.quoted(wanted)
}

func (s service) quoted(wanted booking) answer {
	price, found := s.prices[wanted.event]
	if !found {
		return problem(http.StatusNotFound, "There is no price for "+wanted.event+".")
	}
	a := tariff(price, wanted.seats)
	return answer{http.StatusOK, quote{wanted.event, wanted.seats, a.listed, a.discount, a.fee, a.total()}}
}

// alive says that the process serves.
func alive(*http.Request) answer {
	return answer{http.StatusOK, state{"ok"}}
}

// ready says that new requests are welcome. Pricing asks nobody, so when it serves, it is ready.
func ready(*http.Request) answer {
	return answer{http.StatusOK, state{"ready"}}
}
