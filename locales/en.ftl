# The words of mails and pages in English.
#
# One message for each mail and page, with an attribute for each of its parts. What they consist of, and
# what the variables hold, is in src/mail/letters.rs and src/http/pages/contents. A part is one line.

language =
    .name = English
    .menu = Language

moment =
    .text = { $day } { $month } { $year }, { $time } UTC

months =
    .m01 = January
    .m02 = February
    .m03 = March
    .m04 = April
    .m05 = May
    .m06 = June
    .m07 = July
    .m08 = August
    .m09 = September
    .m10 = October
    .m11 = November
    .m12 = December

## Mails

mail =
    .greeting = Hello { $name },
    .greeting-nobody = Hello,
    .fallback = If the button does not work, open this link in your browser:

# What somebody owns, as it stands in the sentences of the mails about that.
mail-owned =
    .organization = the organization { $organization }
    .account = the account { $account } ({ $organization })

mail-invitation =
    .subject = { $inviter } invited you to join { $organization }
    .subject-resent = Reminder: { $inviter } invited you to join { $organization }
    .heading = Join { $organization }
    .text = { $inviter } ({ $inviter-email }) invites you to join { $organization }.
    .resent = This mail has a new link. The link in the mail that you got before no longer works.
    .quote = { $inviter } writes:
    .grants = Your roles will be:
    .button = View invitation
    .note = You can accept until { $until }.
    .unexpected = If you did not expect this invitation, you can ignore this mail: nothing happens unless you accept.
    .alone = The link is meant for you alone. Please do not forward it.

mail-invitation-expiring =
    .subject = Reminder: your invitation to join { $organization } expires tomorrow
    .heading = Your invitation expires tomorrow
    .text = { $inviter } ({ $inviter-email }) invited you to join { $organization }. You have not answered yet.
    .after = After that the link no longer works, and { $inviter } would have to invite you again.
    .button = View invitation
    .note = You can accept until { $until }.
    .unexpected = If you did not expect this invitation, you can ignore this mail: nothing happens unless you accept.
    .alone = The link is meant for you alone. Please do not forward it.

mail-grants-applied =
    .subject = You have new roles in { $organization }
    .heading = New roles in { $organization }
    .text = { $granter } ({ $granter-email }) gave you more roles in { $organization }. They are yours already; there is nothing to accept.
    .grants = Your new roles are:
    .button = Open the application
    .small-print = You get this mail because you are a member of { $organization }. If the new roles surprise you, ask { $granter }.

mail-invitation-accepted =
    .subject = { $invitee } joined { $organization }
    .heading = { $invitee } is here
    .text = { $invitee } ({ $invitee-email }) accepted your invitation and is now a member of { $organization }.
    .small-print = You get this mail because you invited { $invitee-email }. There is nothing that you need to do.

mail-new-link-requested =
    .subject = { $invitee } asks for a new link to { $organization }
    .heading = Somebody asks for a new link
    .text = The link of your invitation for { $invitee-email } to { $organization } no longer works. Somebody who has it asks for a new one.
    .text-other = { $inviter } invited { $invitee-email } to { $organization }, but may no longer give the access that was promised. Somebody who has the link asks for a new one.
    .how = To send it, open the application, go to the invitations of { $organization }, and resend the one for { $invitee-email }. Whoever resends it answers for it from then on.
    .button = Open the application
    .small-print = The new link goes to { $invitee-email } and to nobody else. If { $invitee } is not to join any more, there is nothing that you need to do.

mail-access-removed =
    .subject = You are no longer a member of { $organization }
    .heading = You are no longer a member of { $organization }
    .text = { $remover } ({ $remover-email }) removed you from { $organization }. All your roles there have ended.
    .small-print = If you think that this is a mistake, reply to this mail: your reply goes to { $remover }.

mail-access-removed-account =
    .subject = You no longer have access to the account { $account }
    .heading = You no longer have access to { $account }
    .text = { $remover } ({ $remover-email }) removed you from the account { $account } of { $organization }. All your roles there have ended.
    .small-print = You are still a member of { $organization }. If you think that this is a mistake, reply to this mail: your reply goes to { $remover }.

mail-access-suspended =
    .subject = Your access to { $organization } is suspended
    .heading = Your access to { $organization } is suspended
    .text = { $remover } ({ $remover-email }) suspended your access to { $organization }. You keep your roles, but cannot use them until you are let in again.
    .small-print = If you think that this is a mistake, reply to this mail: your reply goes to { $remover }.

mail-verify-email =
    .subject = Please confirm your e-mail address
    .heading = Confirm your e-mail address
    .text = Somebody, hopefully you, signed up with this address. Please confirm that it is yours.
    .button = Confirm address
    .note = The link works until { $until }.
    .small-print = If it was not you, you can ignore this mail: without a confirmation the address stays unconfirmed.

mail-password-reset =
    .subject = Choose a new password
    .heading = Choose a new password
    .text = Somebody, hopefully you, asked to set a new password for this address. Your old one works until you do.
    .button = Choose a password
    .note = The link works once, until { $until }.
    .small-print = If it was not you, you can ignore this mail: nothing has changed, and nobody else got the link.

mail-password-changed =
    .subject = Your password was changed
    .heading = Your password was changed
    .text = Your password was changed on { $at }. You were signed out everywhere else.
    .button = It was not me
    .small-print = If it was you, there is nothing to do. If it was not, choose a new password at once.

mail-email-change =
    .subject = Please confirm your new e-mail address
    .heading = Confirm your new e-mail address
    .text = You asked to sign in with this address from now on. Please confirm that it is yours.
    .button = Confirm address
    .note = The link works once, until { $until }.
    .small-print = If it was not you, you can ignore this mail: somebody mistyped their address, and nothing has changed.

mail-email-change-requested =
    .subject = Your e-mail address is about to be changed
    .heading = Your e-mail address is about to be changed
    .text = On { $at } somebody who knows your password asked to change your address to { $new-email }. It changes once that address is confirmed.
    .button = It was not me
    .small-print = If it was you, there is nothing to do here. If it was not, choose a new password at once: that ends the change too.

mail-email-changed =
    .subject = Your e-mail address was changed
    .heading = Your e-mail address was changed
    .text = Since { $at } you sign in with { $new-email }. You were signed out elsewhere.
    .small-print = If it was not you, tell the administrators of your organization at once.

mail-ownership-offered =
    .subject = { $owner } wants to hand over { $owned } to you
    .heading = Become the Owner of { $owned }
    .text = { $owner } ({ $owner-email }) wants to hand over { $owned } to you.
    .consequence = If you accept, you will be its only Owner, in the place of { $owner }. Until then nothing changes.
    .button = Open the application
    .note = You can accept until { $until }.
    .small-print = If you did not expect this offer, ask { $owner }, or decline it: nothing happens unless you accept.

mail-ownership-accepted =
    .subject = { $other } is now the Owner of { $owned }
    .heading = Your offer was accepted
    .text = { $other } ({ $other-email }) accepted your offer and is now the Owner of { $owned }.
    .role = Your role there is now: { $role }.
    .nothing-to-do = There is nothing that you need to do.

mail-ownership-declined =
    .subject = { $other } does not want to own { $owned }
    .heading = Your offer was declined
    .text = { $other } ({ $other-email }) declined your offer to hand over { $owned }. You are still its Owner.
    .nothing-to-do = There is nothing that you need to do.

mail-ownership-withdrawn =
    .subject = No longer on offer: { $owned }
    .heading = The offer was withdrawn
    .text = { $other } ({ $other-email }) wanted to hand over { $owned } to you. This offer has been withdrawn and can no longer be accepted.
    .nothing-to-do = There is nothing that you need to do.

mail-ownership-expired =
    .subject = Your offer to { $other } has expired
    .heading = Your offer has expired
    .text = { $other } ({ $other-email }) did not answer your offer to hand over { $owned } in time. You are still its Owner, and can offer it again.

mail-email-domain-lapsed =
    .subject = { $domain } is no longer verified for { $organization }
    .heading = { $domain } is no longer verified
    .text = The DNS record that proves that { $domain } belongs to { $organization } has been missing for three days in a row. Until it is back, people at { $domain } cannot join by themselves, and other organizations may invite people there.
    .remedy = To keep the domain, add a TXT record { $record } with the value { $value }. It is looked for every day; once it is found, the domain counts again; people join by themselves only after you allow that again.
    .button = Open the application
    .small-print = You get this mail because you look after this domain for { $organization }.

mail-join-requested =
    .subject = { $asker } asks to join { $organization }
    .heading = { $asker } asks to join
    .text = { $asker } ({ $asker-email }) asks to join { $organization }. The address is confirmed, and belongs to the domain { $domain }, whose people may ask.
    .next = Open the application to approve or decline the request.
    .quote = { $asker } writes:
    .button = Open the application
    .small-print = You get this mail because you decide who joins { $organization }. As long as nobody answers, { $asker } stays outside.

mail-join-approved =
    .subject = Welcome to { $organization }
    .heading = You are in
    .text = { $approver } ({ $approver-email }) approved your request: you are now a member of { $organization }.
    .grants = Your roles are:
    .button = Open the application
    .small-print = You get this mail because you asked to join { $organization }.

mail-join-declined =
    .subject = Your request to join { $organization }
    .heading = Your request was declined
    .text = An administrator of { $organization } declined your request to join.
    .small-print = You get this mail because you asked to join { $organization }. If you think that this is a mistake, talk to somebody who works there.

mail-member-joined =
    .subject = { $member } joined { $organization }
    .heading = { $member } is here
    .text = { $member } ({ $member-email }) is now a member of { $organization }: you let people with an address at { $domain } join by themselves.
    .grants = The roles are:
    .small-print = You get this mail because you answer for what these people are given. If somebody should not be there, remove or suspend them in the application.

## Pages

page-invitation =
    .heading = Join { $organization }
    .text = { $inviter } invites you to join { $organization }.
    .until = You can accept until { $until }.
    .quote = { $inviter } writes:
    .grants = Your roles will be
    .form = Accept the invitation
    .signed-in = You are signed in as { $viewer } ({ $viewer-email }).
    .sign-up = The invitation is for { $masked-email }. Your link proves that this address is yours; you only have to choose a password.
    .sign-in = The invitation is for { $masked-email }. This address has a password already; enter it to accept.
    .other-user = The invitation is for { $masked-email }. If this address is yours too, sign out here to go on with it.
    .join = Join { $organization }
    .sign-in-and-join = Sign in and join { $organization }
    .sign-out = Sign out and go on
    .forgot = Forgot your password?
    .decline = I do not want to join

# Where a promised role is: after the role's name.
page-grant =
    .organization = in the organization { $name }
    .account = in the account { $name }
    .subaccount = in the subaccount { $name } of { $parent }
    .billing-group = for the billing group { $name }
    .until = { $place }, until { $until }

page-invitation-expired =
    .heading = This invitation has expired
    .text = { $inviter } invited you to join { $organization }, but the time to accept is over.

page-invitation-revoked =
    .heading = This invitation was taken back
    .text = { $inviter } invited you to join { $organization }, but the invitation has been taken back.
    .next = If you think that this is a mistake, ask { $inviter }.

page-invitation-declined =
    .heading = This invitation was declined
    .text = { $inviter } invited you to join { $organization }, and the invitation was declined. There is nothing left to do.
    .next = If this was a mistake, ask { $inviter } for a new invitation.

page-invitation-accepted =
    .heading = This invitation has been accepted
    .text = { $inviter } invited you to join { $organization }, and the invitation has been accepted already.
    .next = Sign in to your application to go on.

page-invitation-inviter-lost-access =
    .heading = This invitation is no longer valid
    .text = { $inviter } invited you to join { $organization }, but may no longer give you the access that the invitation promised.

# Asking for a new link, on the pages of links that no longer work.
page-new-link =
    .ask = You can ask for a new link here. It goes to the address that was invited, once somebody at { $organization } agrees.
    .asked = A new link was asked for on { $asked }. It goes to the address that was invited, once somebody at { $organization } agrees. After a day you can ask again.
    .button = Ask for a new link

page-invitation-seats-exhausted =
    .heading = There is no seat left
    .text = { $inviter } invited you to join { $organization }, but it has no seat left just now.
    .next = Ask { $inviter } to make room for you, and come back to this page then.
    .until = The invitation stands until { $until }.

page-decline =
    .heading = Decline the invitation to { $organization }?
    .text = The link will stop working. If you change your mind, { $inviter } has to invite you again.
    .button = Decline
    .back = Back to the invitation

page-unsubscribe =
    .heading = No more mails about invitations from { $organization }?
    .text = { $organization } will then send no more mails about invitations to { $masked-email }. The invitation that you have stays as it is.
    .button = Send no more mails
    .back = Back to the invitation

page-unsubscribed =
    .heading = No more mails about invitations
    .text = { $organization } sends no more mails about invitations to { $masked-email }. The invitation that you have stays as it is.
    .button = Send them again after all
    .back = Back to the invitation

page-welcome =
    .heading = Welcome, { $name }
    .account = You are in the account { $account } of { $organization }.
    .account-as = You are in the account { $account } of { $organization }, as { $roles }.
    .subaccount = You are in the account { $account } (in { $parent }) of { $organization }.
    .subaccount-as = You are in the account { $account } (in { $parent }) of { $organization }, as { $roles }.
    .next = You can close this page now. Open your application, and sign in there as { $email } with your password.
    .nowhere = You have joined, but there is no account that you can open yet.
    .nowhere-next = Ask the person who invited you, or an administrator, for access to one.

# Several things in a row.
list =
    .more = { $list }, { $item }
    .last = { $list } and { $item }

page-signed-out =
    .heading = You are signed out here
    .text = Open your application, and sign in there with your address and your password.

page-verify-email =
    .heading = Confirm your e-mail address
    .text = This link was mailed to you. By pressing the button you confirm that the address is yours.
    .button = Confirm address

page-verify-email-done =
    .heading = Your address is confirmed
    .text = Thank you. You can close this page now.

page-verify-email-refused =
    .heading = This link does not work
    .text = If you have confirmed your address already, there is nothing left to do.
    .next = Otherwise check that you opened the whole link, from the newest mail: a link works once, and only for some days.

# For those whose address is at a domain of an organization's own.
page-join =
    .heading = Join your colleagues
    .text = Sign in with the address that you confirmed.
    .button = Sign in
    .forgot = Forgot your password?

page-door =
    .heading = Join { $organization }
    .may-join = People with an address at { $domain } may join { $organization } by themselves.
    .may-ask = People with an address at { $domain } may ask to join { $organization }. An administrator decides, and you get a mail.
    .asked = You asked to join { $organization } on { $at }. You get a mail as soon as somebody has answered.
    .contact = Your address is at { $domain }, which belongs to { $organization }. To join, ask for an invitation: { $contact }
    .join = Join { $organization }
    .ask = Ask to join { $organization }

page-verify-email-door =
    .heading = Your address is confirmed
    .text = Thank you. You can close this page now, or go on:
    .door = Your address is at { $domain }, which belongs to { $organization }.
    .go-on = See how to join { $organization }

page-forgot-password =
    .heading = Forgot your password?
    .text = We will mail you a link to choose a new one.
    .button = Send me a link

page-forgot-password-sent =
    .heading = Look into your inbox
    .text = If somebody here has this address, a mail with a link is on its way. It works for an hour.
    .next = Nothing after some minutes? Look into the spam folder, or check the address.

page-reset-password =
    .heading = Choose a new password
    .text = You will be signed out everywhere.
    .button = Set password

page-reset-password-done =
    .heading = Your password is set
    .text = Open your application, and sign in there with your address and the new password.

page-reset-password-refused =
    .heading = This link does not work
    .text = A link works once, for an hour.
    .again = Send me a new link

page-change-email =
    .heading = Confirm your new e-mail address
    .text = By pressing the button you confirm that this address is yours. You sign in with it from then on, and are signed out everywhere.
    .button = Confirm address

page-change-email-done =
    .heading = Your address is changed
    .text = Sign in with the new address from now on. Your password is the same.

page-change-email-refused =
    .heading = This link does not work
    .text = A link works once, for an hour, and only the newest does. If you have confirmed the address already, there is nothing left to do.
    .next = If somebody else signs in with this address, it cannot be yours too.

page-front =
    .heading = Rolecall
    .text = This server knows who works in which organization, and with which roles.
    .production = Your application talks to it; there is nothing to do here.
    .development = It is set up for development:

page-application =
    .open = Open the application

page-tools =
    .graphiql = GraphiQL: try the API
    .mailbox = Mailbox: read the mails

# What forms ask for.
field =
    .name = Your name
    .email = E-mail address
    .password = Password
    .new-password = New password
    .password-hint = At least { $min } characters.

# Instead of a page.

trouble-unknown =
    .heading = There is nothing here
    .text = If you followed a link in a mail: check that you opened the whole link, from the newest mail that you got.
    .next = Does it still not work? Ask the person who sent it to you for a new one.

trouble-forged =
    .heading = This form came from somewhere else
    .text = It was not sent from our own page, so nothing was done. Open the link in your mail, and go on from there.

trouble-unreadable =
    .heading = This form cannot be read
    .text = Nothing was done. Go back, check what you entered, and try again.

trouble-refused =
    .heading = This cannot be done
    .text = Nothing was done. Ask the person who invited you, or an administrator.

trouble-conflict =
    .heading = Please try again
    .text = Something else changed at the same moment, so nothing was done. Go back, and try again.

trouble-too-many =
    .heading = Too many tries
    .text = Nothing was done. Wait a minute, go back, and try again.

trouble-ours =
    .heading = Something went wrong
    .text = This is our fault, not yours. Please try again in a few minutes.
    .next = If it happens again, tell whoever runs this server, and name this request: { $request }

# Why a form was not accepted, and what to do about it.
refusal =
    .heading = Please check this
    .name = Enter your name: 1 to { $max } characters in one line.
    .password = Choose a password of { $min } to { $max } characters.
    .weak-password = This password is easily guessed. Use several words that do not belong together, and not your name or address.
    .email = Enter an e-mail address, such as ann@corp.example.
    .credentials = This is not the password of that address.
    .sign-in = Enter your password to accept.
    .wrong-user = The invitation is for another address than the one that you are signed in with.
    .not-joinable = You cannot join by yourself at the moment. Ask to join, or ask somebody there for an invitation.
    .not-verified = Confirm your address first: open the link in the mail that you got when you signed up.
    .asked-too-often = You have asked too often. Ask somebody there for an invitation.
    .other = The invitation cannot be accepted as it is. Ask the person who invited you for a new one.
