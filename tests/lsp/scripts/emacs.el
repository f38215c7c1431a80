;;; What a person does in Emacs, step by step. What they see goes into a file, as JSON.  -*- lexical-binding: t -*-

(require 'eglot)
(require 'json)

(defvar steps (json-parse-string
               (with-temp-buffer (insert-file-contents (getenv "STEPS")) (buffer-string))
               :object-type 'alist))
(defvar seen nil)

(defun step (name) (alist-get name steps))

(defun see (name value) (push (cons name value) seen))

(defun leave ()
  (with-temp-file (step 'seen) (insert (json-serialize seen)))
  (kill-emacs))

(defun wait (what is-there)
  "Let messages come in until IS-THERE gives something, and give that; WHAT is missing otherwise."
  (let ((end (+ (float-time) (step 'patience))) found)
    (while (not (setq found (funcall is-there)))
      (when (> (float-time) end)
        (see 'missing what)
        (see 'diagnostics (vconcat (texts #'always)))
        (leave))
      (sit-for 0.05))
    found))

(defun texts (is-wanted)
  "Line, from 0, and text of each diagnostic that IS-WANTED."
  (mapcar (lambda (one)
            `((line . ,(1- (line-number-at-pos (flymake-diagnostic-beg one))))
              (message . ,(flymake-diagnostic-text one))))
          (seq-filter is-wanted (flymake-diagnostics))))

(defun hints () (texts (lambda (one) (eq (flymake-diagnostic-type one) 'eglot-note))))
(defun errors () (texts (lambda (one) (eq (flymake-diagnostic-type one) 'eglot-error))))

(defun go-to (text)
  (goto-char (point-min))
  (search-forward text)
  (beginning-of-line))

(defun replace (old new)
  (go-to old)
  (delete-region (point) (line-end-position))
  (insert new)
  (save-buffer))

(setq enable-local-variables :all) ; as one answers ! when Emacs asks
(setq make-backup-files nil)
(find-file (step 'module))
(call-interactively #'eglot)
(see 'version (format "%s, eglot %s" emacs-version (package-get-version)))

(see 'hints (vconcat (wait "a hint" #'hints)))
(replace (step 'stub) (step 'wrong))
(see 'errors
     (vconcat (wait "an error"
                    (lambda ()
                      (let ((found (errors)))
                        (unless (or (null found) (string-search "first look" (format "%s" found)))
                          found))))))
(go-to (step 'head))
(see 'head (1- (line-number-at-pos)))
(forward-char 4)
(let (told)
  (eglot-hover-eldoc-function (lambda (text &rest _) (setq told text)))
  (see 'hover (vconcat (split-string (substring-no-properties (wait "a hover" (lambda () told))) "\n"))))

(cl-letf (((symbol-function #'completing-read) (lambda (&rest _) (step 'action)))
          (last-nonmenu-event t))
  (call-interactively #'eglot-code-actions))
(wait "a hint in words"
      (lambda () (with-current-buffer (messages-buffer)
                   (string-search (step 'said) (buffer-string)))))

(replace (step 'wrong) (step 'right))
(wait "no error" (lambda () (null (errors))))
(see 'mended t)
(eglot-shutdown (eglot-current-server) nil (step 'patience))
(leave)
