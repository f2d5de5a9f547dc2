// Gets tokens by golang.org/x/oauth2 and verifies them by go-jose. The world is the JSON text of world.py.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"gopkg.in/square/go-jose.v2"
	"gopkg.in/square/go-jose.v2/jwt"
)

const (
	exchange    = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessToken = "urn:ietf:params:oauth:token-type:access_token"
)

// World is what world.py prints.
type World struct {
	API, Audience, Code, User, UserToken, ClientID, ClientSecret string
}

// Metadata is what /.well-known/oauth-authorization-server answers.
type Metadata struct {
	Issuer        string
	JwksURI       string `json:"jwks_uri"`
	TokenEndpoint string `json:"token_endpoint"`
}

// Claims are the claims of a token that a service reads.
type Claims struct {
	jwt.Claims
	ClientID       string `json:"client_id"`
	TokenUse       string `json:"token_use"`
	OrganizationID string `json:"OrganizationId"`
	OrgCode        string
}

// What a service does that takes the API's tokens.
func verify(text string, keys *jose.JSONWebKeySet, issuer, audience string) (*Claims, error) {
	token, err := jwt.ParseSigned(text)
	if err != nil {
		return nil, err
	}
	header := token.Headers[0]
	if header.Algorithm != string(jose.ES256) || header.ExtraHeaders[jose.HeaderType] != "at+jwt" {
		return nil, errors.New("another algorithm or type")
	}
	var claims Claims
	if err := token.Claims(keys, &claims); err != nil {
		return nil, err
	}
	// Validate accepts a token that has no expiry.
	if claims.Expiry == nil || claims.IssuedAt == nil || claims.Subject == "" || claims.ID == "" || claims.ClientID == "" {
		return nil, errors.New("a claim is missing")
	}
	expected := jwt.Expected{Issuer: issuer, Audience: jwt.Audience{audience}, Time: time.Now()}
	if err := claims.Validate(expected); err != nil {
		return nil, err
	}
	return &claims, nil
}

func must(err error) {
	if err != nil {
		log.Output(2, err.Error())
		os.Exit(1)
	}
}

func equal(actual, expected any) {
	if actual != expected {
		log.Output(2, fmt.Sprintf("%#v isn't %#v", actual, expected))
		os.Exit(1)
	}
}

func fetch(address string, answer any) {
	response, err := http.Get(address)
	must(err)
	defer response.Body.Close()
	must(json.NewDecoder(response.Body).Decode(answer))
}

// The status and the error that a grant is refused with.
func refusal(config clientcredentials.Config) (int, string) {
	_, err := config.Token(context.Background())
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		log.Fatal("a token was issued: ", err)
	}
	var body struct{ Error string }
	must(json.Unmarshal(refused.Body, &body))
	return refused.Response.StatusCode, body.Error
}

func main() {
	log.SetFlags(log.Lshortfile)
	var world World
	must(json.Unmarshal([]byte(os.Getenv("WORLD")), &world))
	var metadata Metadata
	fetch(world.API+"/.well-known/oauth-authorization-server", &metadata)
	equal(metadata.Issuer, world.API)
	keys := new(jose.JSONWebKeySet)
	fetch(metadata.JwksURI, keys)

	granted := func(config clientcredentials.Config) (*Claims, string) {
		token, err := config.Token(context.Background())
		must(err)
		equal(token.TokenType, "Bearer")
		equal(token.Extra("scope"), "admin")
		claims, err := verify(token.AccessToken, keys, metadata.Issuer, world.Audience)
		must(err)
		equal(claims.OrgCode, world.Code)
		return claims, token.AccessToken
	}
	qualified := world.Code + "." + world.ClientID
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		grant := func(id, secret string, parameters url.Values) clientcredentials.Config {
			return clientcredentials.Config{
				ClientID: id, ClientSecret: secret, TokenURL: metadata.TokenEndpoint, EndpointParams: parameters,
				AuthStyle: style,
			}
		}
		claims, text := granted(grant(qualified, world.ClientSecret, nil))
		equal(claims.TokenUse, "machine")
		equal(claims.Subject, world.ClientID)
		equal(claims.ClientID, world.ClientID)

		// The organization's code as a parameter.
		granted(grant(world.ClientID, world.ClientSecret, url.Values{"audience": {world.Code}}))

		// A user token, exchanged by the machine as the client.
		subject := url.Values{
			"grant_type": {exchange}, "subject_token": {world.UserToken}, "subject_token_type": {accessToken},
			"audience": {world.Code},
		}
		claims, _ = granted(grant(world.ClientID, world.ClientSecret, subject))
		equal(claims.TokenUse, "organization")
		equal(claims.Subject, world.User)

		status, code := refusal(grant(qualified, "wrong", nil))
		equal(code, "invalid_client")
		equal(status, map[oauth2.AuthStyle]int{oauth2.AuthStyleInHeader: 401, oauth2.AuthStyleInParams: 400}[style])
		_, code = refusal(grant(world.ClientID, world.ClientSecret, url.Values{"grant_type": {exchange + "s"}}))
		equal(code, "unsupported_grant_type")

		// No service that checks the issuer and the audience accepts another's token.
		_, err := verify(world.UserToken, keys, metadata.Issuer, world.Audience)
		equal(err, jwt.ErrInvalidAudience)
		_, err = verify(text, keys, metadata.Issuer, "another")
		equal(err, jwt.ErrInvalidAudience)
		_, err = verify(text, keys, "https://other.example", world.Audience)
		equal(err, jwt.ErrInvalidIssuer)
		_, err = verify(text, &jose.JSONWebKeySet{}, metadata.Issuer, world.Audience)
		equal(err, jose.ErrUnsupportedKeyType)
		// The signature of another token.
		signed, signature := strings.LastIndex(text, "."), strings.LastIndex(world.UserToken, ".")
		_, err = verify(text[:signed]+world.UserToken[signature:], keys, metadata.Issuer, world.Audience)
		equal(err, jose.ErrCryptoFailure)
	}
	fmt.Println("x/oauth2 and go-jose: metadata, grants, verification, refusals")
}
