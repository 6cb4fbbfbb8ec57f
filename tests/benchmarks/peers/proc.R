# Time pROC where R has it; prints one line a task: task, tab, CPU seconds, tab, wall seconds.
suppressMessages(library(pROC))
timed <- function(name, scale, work) {
  taken <- system.time(work)
  cat(name, "\t", scale * (taken[["user.self"]] + taken[["sys.self"]]), "\t",
      scale * taken[["elapsed"]], "\n", sep = "")
}
ratings <- function(n) {
  set.seed(20260101)
  truth <- rep(0:1, n / 2)
  shared <- rnorm(n)
  list(truth = truth, a = shared + rnorm(n) + 1.5 * truth, b = shared + rnorm(n) + 1.5 * truth)
}
curve <- function(truth, rating) roc(truth, rating, levels = c(0, 1), direction = "<")
large <- ratings(1e6)
timed("one AUC 1e6", 1, { r <- curve(large$truth, large$a); var(r, method = "delong") })
for (n in c(1e4, 1e5)) {
  d <- ratings(n)
  a <- curve(d$truth, d$a)
  b <- curve(d$truth, d$b)
  if (n == 1e5) {
    timed("pair 1e5", 1, roc.test(curve(d$truth, d$a), curve(d$truth, d$b), method = "delong",
                                  paired = TRUE))
  }
  few <- if (n == 1e4) 100 else 20
  timed(sprintf("bootstrap %s", if (n == 1e4) "1e4" else "1e5"), 2000 / few,
        roc.test(a, b, method = "bootstrap", paired = TRUE, boot.n = few, progress = "none"))
}
